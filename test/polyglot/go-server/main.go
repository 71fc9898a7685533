// The program is ProcessService on grpc-go: deadlines, resets, statuses and messages are those of
// Go's own implementation. What the calls do is done by the stub, to which each is sent on.
//
// Usage: server [-reflection] ADDRESS, with the stub's host and port. Standard input starts with two
// lines, each a FileDescriptorSet in base64: the stub's contract, then the one to serve. The program
// writes its own address to standard output, and ends when its standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// ReadOutput and ReadOutputFrames give more in one message than grpc-go takes by default.
const maxMessageBytes = 128 << 20

func main() {
	reflected := flag.Bool("reflection", false, "tell the contract that is served (grpc.reflection.v1)")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: server [-reflection] ADDRESS")
	}
	stdin := bufio.NewReader(os.Stdin)
	_, behind := readContract(stdin)
	files, served := readContract(stdin)

	connection, err := grpc.NewClient(
		"passthrough:///"+flag.Arg(0),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)),
		// The client that is tested tries again, or it does not.
		grpc.WithDisableRetry(),
		grpc.WithNoProxy(),
	)
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := grpc.NewServer()
	server.RegisterService(serviceDesc(served, behind, connection), nil)
	if *reflected {
		options := reflection.ServerOptions{Services: server, DescriptorResolver: files}
		reflectionv1.RegisterServerReflectionServer(server, reflection.NewServerV1(options))
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); err != grpc.ErrServerStopped {
		check(err)
	}
}

func readContract(in *bufio.Reader) (*protoregistry.Files, protoreflect.ServiceDescriptor) {
	line, err := in.ReadString('\n')
	check(err)
	bytes, err := base64.StdEncoding.DecodeString(line[:len(line)-1])
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(bytes, set))
	files, err := protodesc.NewFiles(set)
	check(err)
	var found protoreflect.ServiceDescriptor
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		found = file.Services().ByName("ProcessService")
		return found == nil
	})
	if found == nil {
		log.Fatal("the contract has no ProcessService")
	}
	return files, found
}

// The service as generated code would describe it, with messages that are made at run time.
func serviceDesc(served, behind protoreflect.ServiceDescriptor, stub *grpc.ClientConn) *grpc.ServiceDesc {
	desc := &grpc.ServiceDesc{ServiceName: string(served.FullName()), Metadata: served.ParentFile().Path()}
	for i := range served.Methods().Len() {
		method := served.Methods().Get(i)
		name := string(method.Name())
		to := &forwarder{served: method, behind: behind.Methods().ByName(method.Name()), stub: stub}
		if method.IsStreamingServer() {
			handle := func(_ any, out grpc.ServerStream) error { return to.stream(out) }
			desc.Streams = append(desc.Streams, grpc.StreamDesc{StreamName: name, Handler: handle, ServerStreams: true})
		} else {
			handle := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
				return to.unary(ctx, decode)
			}
			desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: name, Handler: handle})
		}
	}
	return desc
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
