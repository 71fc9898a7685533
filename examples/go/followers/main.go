// Follows more processes than one connection has streams: servers allow 100 or so, and grpc-go lets
// a further call wait until another one ends, or its deadline does.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/sandbox/internal/aiem"
	pb "example.com/sandbox/sandboxv1"
)

const streamsPerConnection = 100

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// What is open ends with this.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	followed, err := aiem.Connect()
	if err != nil {
		return err
	}
	defer followed.Close()
	client := pb.NewProcessServiceClient(followed)

	created, err := client.CreateProcess(ctx, &pb.CreateProcessRequest{
		Parent:  aiem.Parent(),
		Process: &pb.Process{Command: "sleep", Args: []string{"600"}},
	})
	if err != nil {
		return err
	}
	name := created.Process.Name
	for range streamsPerConnection {
		if _, err := client.StreamOutput(ctx, &pb.StreamOutputRequest{Name: name}); err != nil {
			return err
		}
	}
	if _, err := get(ctx, followed, name); status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("expected DeadlineExceeded: %w", err)
	}
	fmt.Println("no stream is left")

	// So keep a connection for short calls, and one for each 100 that last.
	short, err := aiem.Connect()
	if err != nil {
		return err
	}
	defer short.Close()
	process, err := get(ctx, short, name)
	if err != nil {
		return err
	}
	fmt.Println("on another connection:", process.State)
	return nil
}

func get(ctx context.Context, connection *grpc.ClientConn, name string) (*pb.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	response, err := pb.NewProcessServiceClient(connection).GetProcess(ctx, &pb.GetProcessRequest{Name: name})
	return response.GetProcess(), err
}
