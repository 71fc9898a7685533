// Follows the output across lost connections: each byte once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

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

	script := "for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done"
	created, err := client.CreateProcess(ctx, &pb.CreateProcessRequest{
		Parent:  aiem.Parent(),
		Process: &pb.Process{Command: "sh", Args: []string{"-c", script}},
		AutoRun: true,
	})
	if err != nil {
		return err
	}
	return follow(ctx, client, created.Process.Name, func(stream pb.OutputStream, data []byte) error {
		into := os.Stdout
		if stream == pb.OutputStream_OUTPUT_STREAM_STDERR {
			into = os.Stderr
		}
		_, err := into.Write(data)
		return err
	})
}

// An outage that lasts for so many attempts is the end. With what comes in between, a new one begins.
const mostAttempts = 5

// follow hands on the output of a process from its first byte to its last one. A stream that breaks is
// opened again; AIEM sends all from the first byte then, so that what was handed on has to be skipped.
// It is counted for each of the two streams: how their bytes are mixed can differ between replays.
func follow(ctx context.Context, client pb.ProcessServiceClient, name string, write func(pb.OutputStream, []byte) error) error {
	written := map[pb.OutputStream]int{}
	for attempt := 1; ; attempt++ {
		more, err := replay(ctx, client, name, written, write)
		if more {
			attempt = 1
		}
		if err == nil {
			// The end of a stream is no proof: the process tells whether it has ended.
			var ended bool
			if ended, err = hasEnded(ctx, client, name); ended {
				return nil
			}
			if err == nil {
				err = status.Error(codes.Unavailable, "the output ends, and the process runs on")
			}
		}
		if status.Code(err) != codes.Unavailable {
			return err
		}
		if attempt == mostAttempts {
			return fmt.Errorf("given up after %d attempts: %w", attempt, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt) * 100 * time.Millisecond):
		}
	}
}

// replay tells whether something was new.
func replay(ctx context.Context, client pb.ProcessServiceClient, name string, written map[pb.OutputStream]int, write func(pb.OutputStream, []byte) error) (bool, error) {
	// Whoever leaves a stream has to cancel it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	output, err := client.StreamOutput(ctx, &pb.StreamOutputRequest{Name: name})
	if err != nil {
		return false, err
	}
	more := false
	seen := map[pb.OutputStream]int{}
	for {
		chunk, err := output.Recv()
		if errors.Is(err, io.EOF) {
			return more, nil
		}
		if err != nil {
			return more, err
		}
		old := min(max(written[chunk.Stream]-seen[chunk.Stream], 0), len(chunk.Data))
		seen[chunk.Stream] += len(chunk.Data)
		data := chunk.Data[old:]
		if len(data) == 0 {
			continue
		}
		more = true
		if err := write(chunk.Stream, data); err != nil {
			return more, err
		}
		written[chunk.Stream] += len(data)
	}
}

func hasEnded(ctx context.Context, client pb.ProcessServiceClient, name string) (bool, error) {
	response, err := client.GetProcess(ctx, &pb.GetProcessRequest{Name: name})
	return err == nil && response.Process.EndTime != nil, err
}
