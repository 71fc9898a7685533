// Creates a process that starts at once, waits for its end, and reads what it wrote.
package main

import (
	"context"
	"fmt"
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
		Process: &pb.Process{Command: "sh", Args: []string{"-c", "echo hello; exit 3"}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	name := created.Process.Name
	ended, err := client.WaitProcess(ctx, &pb.WaitProcessRequest{Name: name})
	if err != nil {
		return err
	}
	// Always with a stream: what an unset one means is up to the server.
	output, err := client.ReadOutput(ctx, &pb.ReadOutputRequest{
		Name:         name,
		OutputStream: pb.OutputStream_OUTPUT_STREAM_COMBINED,
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s", output.Data)
	fmt.Println(ended.Process.State, ended.Process.GetExitCode())
	return nil
}
