// The program is ProcessService on grpc-go: deadlines, resets, statuses and messages are those of
// Go's own implementation. What the calls do is done by the stub, to which each is sent on.
//
// Usage: server ADDRESS, with the stub's host and port. It writes its own address to standard
// output, and ends when its standard input does.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "h2o.ai/engine/sandbox/v1"
)

// ReadOutput and ReadOutputFrames give more in one message than grpc-go takes by default.
const maxMessageBytes = 128 << 20

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: server ADDRESS")
	}
	connection, err := grpc.NewClient(
		"passthrough:///"+os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
		// The client that is tested tries again, or it does not.
		grpc.WithDisableRetry(),
		grpc.WithNoProxy(),
	)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterProcessServiceServer(server, &front{stub: pb.NewProcessServiceClient(connection)})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

type front struct {
	// Without an embedded answer to methods that are missing below: they do not compile.
	pb.UnsafeProcessServiceServer
	stub pb.ProcessServiceClient
}

func (f *front) CreateProcess(ctx context.Context, in *pb.CreateProcessRequest) (*pb.CreateProcessResponse, error) {
	return forward(ctx, in, f.stub.CreateProcess)
}

func (f *front) StartProcess(ctx context.Context, in *pb.StartProcessRequest) (*pb.StartProcessResponse, error) {
	return forward(ctx, in, f.stub.StartProcess)
}

func (f *front) GetProcess(ctx context.Context, in *pb.GetProcessRequest) (*pb.GetProcessResponse, error) {
	return forward(ctx, in, f.stub.GetProcess)
}

func (f *front) ListProcesses(ctx context.Context, in *pb.ListProcessesRequest) (*pb.ListProcessesResponse, error) {
	return forward(ctx, in, f.stub.ListProcesses)
}

func (f *front) SendSignal(ctx context.Context, in *pb.SendSignalRequest) (*pb.SendSignalResponse, error) {
	return forward(ctx, in, f.stub.SendSignal)
}

func (f *front) ReadOutput(ctx context.Context, in *pb.ReadOutputRequest) (*pb.ReadOutputResponse, error) {
	return forward(ctx, in, f.stub.ReadOutput)
}

func (f *front) ReadOutputFrames(ctx context.Context, in *pb.ReadOutputFramesRequest) (*pb.ReadOutputFramesResponse, error) {
	return forward(ctx, in, f.stub.ReadOutputFrames)
}

func (f *front) WaitProcess(ctx context.Context, in *pb.WaitProcessRequest) (*pb.WaitProcessResponse, error) {
	return forward(ctx, in, f.stub.WaitProcess)
}

func (f *front) StreamOutput(in *pb.StreamOutputRequest, out grpc.ServerStreamingServer[pb.StreamOutputResponse]) error {
	ctx, cancel := onward(out.Context())
	defer cancel()
	output, err := f.stub.StreamOutput(ctx, in)
	if err != nil {
		return err
	}
	for {
		message, err := output.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			out.SetTrailer(output.Trailer())
			return err
		}
		if err := out.Send(message); err != nil {
			return err
		}
	}
}

type method[I, O any] func(context.Context, *I, ...grpc.CallOption) (*O, error)

func forward[I, O any](ctx context.Context, in *I, call method[I, O]) (*O, error) {
	onwardCtx, cancel := onward(ctx)
	defer cancel()
	var trailer metadata.MD
	out, err := call(onwardCtx, in, grpc.Trailer(&trailer))
	if err != nil {
		_ = grpc.SetTrailer(ctx, trailer)
	}
	return out, err
}

// The call to the stub, with the token of the one to us. It knows of no deadline, and ends after the
// other: so it is grpc-go that ends a call whose deadline has passed, and neither the stub nor this
// program.
func onward(ctx context.Context) (context.Context, context.CancelFunc) {
	onward, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(100*time.Millisecond, cancel) })
	token := metadata.MD{"authorization": metadata.ValueFromIncomingContext(ctx, "authorization")}
	return metadata.NewOutgoingContext(onward, token), cancel
}
