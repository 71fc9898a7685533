// Package aiem connects to the server that the environment names.
package aiem

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Parent is the engine that the examples use.
func Parent() string { return os.Getenv("AIEM_PARENT") }

// Connect prepares a connection to AIEM_URL whose calls carry AIEM_TOKEN. It is made by the first call.
func Connect() (*grpc.ClientConn, error) {
	server, err := url.Parse(os.Getenv("AIEM_URL"))
	if err != nil {
		return nil, err
	}
	token := bearer{token: os.Getenv("AIEM_TOKEN")}
	transport := credentials.NewTLS(nil)
	if server.Scheme == "http" {
		// As a stub is reached. A token must not leave the machine in plain text.
		if !net.ParseIP(server.Hostname()).IsLoopback() {
			return nil, fmt.Errorf("AIEM_URL: %s needs https", server.Host)
		}
		transport = insecure.NewCredentials()
		token.plaintext = true
	}
	return grpc.NewClient(server.Host, grpc.WithTransportCredentials(transport), grpc.WithPerRPCCredentials(token))
}

type bearer struct {
	token     string
	plaintext bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return !b.plaintext }
