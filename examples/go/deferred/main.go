// Subscribes to the output of a process before it starts, so that nothing is missed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"example.com/sandbox/internal/aiem"
	pb "example.com/sandbox/sandboxv1"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	connection, err := aiem.Connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	client := pb.NewProcessServiceClient(connection)

	created, err := client.CreateProcess(ctx, &pb.CreateProcessRequest{
		Parent:  aiem.Parent(),
		Process: &pb.Process{Command: "sh", Args: []string{"-c", "echo first; sleep 1; echo last"}},
	})
	if err != nil {
		return err
	}
	name := created.Process.Name
	fmt.Println(created.Process.State)
	output, err := client.StreamOutput(ctx, &pb.StreamOutputRequest{Name: name})
	if err != nil {
		return err
	}
	// Not output.Header() before this: a server sends headers with the first bytes, which come after it.
	if _, err := client.StartProcess(ctx, &pb.StartProcessRequest{Name: name}); err != nil {
		return err
	}
	for {
		chunk, err := output.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		fmt.Printf("%s", chunk.Data)
	}
	// The end of the output is not yet the end of the process.
	ended, err := client.WaitProcess(ctx, &pb.WaitProcessRequest{Name: name})
	if err != nil {
		return err
	}
	fmt.Println(ended.Process.State, ended.Process.GetExitCode())
	return nil
}
