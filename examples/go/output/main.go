// Follows the output while the process runs, standard output and standard error apart.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"

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

	script := "for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done"
	created, err := client.CreateProcess(ctx, &pb.CreateProcessRequest{
		Parent:  aiem.Parent(),
		Process: &pb.Process{Command: "sh", Args: []string{"-c", script}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	output, err := client.StreamOutput(ctx, &pb.StreamOutputRequest{Name: created.Process.Name})
	if err != nil {
		return err
	}
	for {
		chunk, err := output.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			// Who opens the stream again gets all from the first byte on: count the bytes of each
			// stream, and skip as many.
			return err
		}
		into := os.Stdout
		if chunk.Stream == pb.OutputStream_OUTPUT_STREAM_STDERR {
			into = os.Stderr
		}
		// Bytes as they came: a chunk can split a line, and a character too.
		if _, err := into.Write(chunk.Data); err != nil {
			return err
		}
	}
}
