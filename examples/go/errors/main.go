// Tells one error from another by its code.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

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

	_, err = client.GetProcess(ctx, &pb.GetProcessRequest{Name: aiem.Parent() + "/processes/nobody"})
	switch status.Code(err) {
	case codes.OK:
		return errors.New("there is such a process")
	case codes.NotFound:
		// Also for a process in an engine of somebody else's.
		fmt.Println("NotFound")
		return nil
	default:
		return err
	}
}
