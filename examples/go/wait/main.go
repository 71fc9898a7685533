// Waits with a deadline, and again, until the process has ended or a minute is over.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/sandbox/internal/aiem"
	pb "example.com/sandbox/sandboxv1"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
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
		Process: &pb.Process{Command: "sleep", Args: []string{"2"}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	for {
		// 30 s in your program: proxies cut calls that are silent for minutes.
		process, err := waitFor(ctx, client, created.Process.Name, time.Second)
		if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil {
			// Only the call has ended. The process runs on.
			fmt.Println("still running")
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println(process.State, process.GetExitCode())
		return nil
	}
}

func waitFor(ctx context.Context, client pb.ProcessServiceClient, name string, limit time.Duration) (*pb.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	response, err := client.WaitProcess(ctx, &pb.WaitProcessRequest{Name: name})
	return response.GetProcess(), err
}
