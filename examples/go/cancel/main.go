// Ends a call, which leaves the process alone, and then the process, by a signal.
package main

import (
	"context"
	"fmt"
	"log"
	"syscall"

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
		Process: &pb.Process{Command: "sh", Args: []string{"-c", "echo ready; exec sleep 600"}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	name := created.Process.Name
	if err := untilFirstChunk(ctx, client, name); err != nil {
		return err
	}
	found, err := client.GetProcess(ctx, &pb.GetProcessRequest{Name: name})
	if err != nil {
		return err
	}
	fmt.Println(found.Process.State)
	// The numbers are Linux's, on whatever system you are.
	if _, err := client.SendSignal(ctx, &pb.SendSignalRequest{Name: name, Signal: int32(syscall.SIGTERM)}); err != nil {
		return err
	}
	ended, err := client.WaitProcess(ctx, &pb.WaitProcessRequest{Name: name})
	if err != nil {
		return err
	}
	fmt.Println(ended.Process.State, ended.Process.GetExitCode())
	return nil
}

func untilFirstChunk(ctx context.Context, client pb.ProcessServiceClient, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	// A stream that is neither read to its end nor canceled stays open, and holds its goroutine.
	defer cancel()
	output, err := client.StreamOutput(ctx, &pb.StreamOutputRequest{Name: name})
	if err != nil {
		return err
	}
	if _, err := output.Recv(); err != nil {
		return err
	}
	cancel()
	if _, err := output.Recv(); status.Code(err) != codes.Canceled {
		return fmt.Errorf("the stream went on: %w", err)
	}
	return nil
}
