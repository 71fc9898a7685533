// Reads more than 4 MiB: grpc-go takes no larger message, unless the call says so.
package main

import (
	"context"
	"fmt"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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
		Process: &pb.Process{Command: "head", Args: []string{"-c", "5000000", "/dev/zero"}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	name := created.Process.Name
	if _, err := client.WaitProcess(ctx, &pb.WaitProcessRequest{Name: name}); err != nil {
		return err
	}
	request := &pb.ReadOutputRequest{Name: name, OutputStream: pb.OutputStream_OUTPUT_STREAM_STDOUT}
	if _, err := client.ReadOutput(ctx, request); status.Code(err) != codes.ResourceExhausted {
		return fmt.Errorf("expected ResourceExhausted: %w", err)
	}
	// Of all methods, only ReadOutput and ReadOutputFrames answer with more than 4 MiB. StreamOutput
	// never does, and knows no limit.
	output, err := client.ReadOutput(ctx, request, grpc.MaxCallRecvMsgSize(64<<20))
	if err != nil {
		return err
	}
	fmt.Println(len(output.Data), "bytes")
	return nil
}
