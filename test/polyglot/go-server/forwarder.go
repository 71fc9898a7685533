package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// One method, as it is served and as the stub has it.
type forwarder struct {
	served, behind protoreflect.MethodDescriptor
	stub           *grpc.ClientConn
}

func (f *forwarder) unary(ctx context.Context, decode func(any) error) (any, error) {
	in, err := f.request(decode)
	if err != nil {
		return nil, err
	}
	onwardCtx, cancel := onward(ctx)
	defer cancel()
	var trailer metadata.MD
	out := dynamicpb.NewMessage(f.behind.Output())
	if err := f.stub.Invoke(onwardCtx, f.path(), in, out, grpc.Trailer(&trailer)); err != nil {
		_ = grpc.SetTrailer(ctx, trailer)
		return nil, err
	}
	return byName(out, f.served.Output()), nil
}

func (f *forwarder) stream(out grpc.ServerStream) error {
	in, err := f.request(out.RecvMsg)
	if err != nil {
		return err
	}
	ctx, cancel := onward(out.Context())
	defer cancel()
	output, err := f.stub.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, f.path())
	if err != nil {
		return err
	}
	if err := output.SendMsg(in); err != nil {
		return err
	}
	if err := output.CloseSend(); err != nil {
		return err
	}
	for {
		message := dynamicpb.NewMessage(f.behind.Output())
		err := output.RecvMsg(message)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			out.SetTrailer(output.Trailer())
			return err
		}
		if err := out.SendMsg(byName(message, f.served.Output())); err != nil {
			return err
		}
	}
}

func (f *forwarder) path() string {
	return fmt.Sprintf("/%s/%s", f.behind.Parent().FullName(), f.behind.Name())
}

func (f *forwarder) request(decode func(any) error) (*dynamicpb.Message, error) {
	in := dynamicpb.NewMessage(f.served.Input())
	if err := decode(in); err != nil {
		return nil, err
	}
	return byName(in, f.behind.Input()), nil
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

// The message in the other contract: the same names, whatever the numbers. What has no name is
// dropped, as by any server that does what it knows.
func byName(from protoreflect.Message, of protoreflect.MessageDescriptor) *dynamicpb.Message {
	to := dynamicpb.NewMessage(of)
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		other := of.Fields().ByName(field.Name())
		switch {
		case field.IsMap():
			entries := to.Mutable(other).Map()
			value.Map().Range(func(key protoreflect.MapKey, entry protoreflect.Value) bool {
				entries.Set(key, valueByName(entry, field.MapValue(), other.MapValue()))
				return true
			})
		case field.IsList():
			items := to.Mutable(other).List()
			for i := range value.List().Len() {
				items.Append(valueByName(value.List().Get(i), field, other))
			}
		default:
			to.Set(other, valueByName(value, field, other))
		}
		return true
	})
	return to
}

func valueByName(value protoreflect.Value, field, other protoreflect.FieldDescriptor) protoreflect.Value {
	switch {
	case field.Message() != nil:
		return protoreflect.ValueOfMessage(byName(value.Message(), other.Message()))
	case field.Enum() != nil:
		named := field.Enum().Values().ByNumber(value.Enum())
		if named == nil {
			// A server knows no more of it than that it is none of its own.
			return protoreflect.ValueOfEnum(0)
		}
		return protoreflect.ValueOfEnum(other.Enum().Values().ByName(named.Name()).Number())
	default:
		return value
	}
}
