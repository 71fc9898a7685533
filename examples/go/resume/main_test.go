package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/sandbox/internal/aiem"
	pb "example.com/sandbox/sandboxv1"
)

// The stub breaks where these tests tell it to:
//
//	npx aiem-process serve --control -- go test ./...

// fault is what the control API takes.
type fault map[string]any

// control calls the control API of the stub.
func control(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, os.Getenv("AIEM_CONTROL_URL")+path, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("AIEM_CONTROL_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %v", method, path, response.Status, answer)
	}
	return answer
}

// begin starts a process that writes "one two three " on stdout, and puts faults on what comes after.
func begin(t *testing.T, faults ...fault) (context.Context, pb.ProcessServiceClient, string) {
	t.Helper()
	if os.Getenv("AIEM_CONTROL_URL") == "" {
		t.Skip("needs a stub with the control API: npx aiem-process serve --control -- go test ./...")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	connection, err := aiem.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	client := pb.NewProcessServiceClient(connection)
	created, err := client.CreateProcess(ctx, &pb.CreateProcessRequest{
		Parent: aiem.Parent(),
		Process: &pb.Process{
			Command: "sh",
			Args:    []string{"-c", "for word in one two three; do printf \"$word \"; sleep 0.2; done"},
		},
		AutoRun: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	control(t, "DELETE", "/faults", nil)
	for _, each := range faults {
		control(t, "POST", "/faults", each)
	}
	return ctx, client, created.Process.Name
}

func streams(t *testing.T) float64 {
	t.Helper()
	return control(t, "GET", "/calls", nil)["methods"].(map[string]any)["StreamOutput"].(float64)
}

func TestFollowHandsOnEachByteOnce(t *testing.T) {
	for title, faults := range map[string][]fault{
		"where nothing breaks":            {},
		"over a connection that is reset": {{"method": "StreamOutput", "fault": "reset", "at": fault{"bytes": 5}}},
		"over a stream that ends early":   {{"method": "StreamOutput", "fault": "end", "at": fault{"bytes": 2}}},
		"over several": {
			{"method": "StreamOutput", "nth": 1, "fault": "close", "at": fault{"bytes": 1}},
			{"method": "StreamOutput", "nth": 2, "fault": "status", "code": "UNAVAILABLE", "at": fault{"bytes": 1}},
			{"method": "StreamOutput", "nth": 3, "fault": "reset", "at": fault{"bytes": 6}},
			{"method": "GetProcess", "fault": "status", "code": "UNAVAILABLE"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			ctx, client, name := begin(t, faults...)
			var output bytes.Buffer
			err := follow(ctx, client, name, func(_ pb.OutputStream, data []byte) error {
				_, err := output.Write(data)
				return err
			})
			if err != nil || output.String() != "one two three " {
				t.Errorf("got %q, %v", output.String(), err)
			}
			if opened := streams(t); opened < 1 || (len(faults) > 0 && opened < 2) {
				t.Errorf("%v streams were opened", opened)
			}
		})
	}
}

func TestFollowGoesOnAfterARestart(t *testing.T) {
	ctx, client, name := begin(t)
	var output bytes.Buffer
	err := follow(ctx, client, name, func(_ pb.OutputStream, data []byte) error {
		if output.Len() == 0 {
			control(t, "POST", "/restart", map[string]int{"downMs": 100})
		}
		_, err := output.Write(data)
		return err
	})
	if err != nil || output.String() != "one two three " {
		t.Errorf("got %q, %v", output.String(), err)
	}
}

func TestFollowTellsWhatNoAttemptMends(t *testing.T) {
	ctx, client, name := begin(t, fault{"method": "StreamOutput", "fault": "status", "code": "PERMISSION_DENIED"})
	err := follow(ctx, client, name, func(pb.OutputStream, []byte) error { return nil })
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("got %v", err)
	}
	if opened := streams(t); opened != 1 {
		t.Errorf("%v streams were opened", opened)
	}
}

func TestFollowGivesUpAfterTheMostAttempts(t *testing.T) {
	ctx, client, name := begin(t, fault{"method": "StreamOutput", "nth": "every", "fault": "reset"})
	err := follow(ctx, client, name, func(pb.OutputStream, []byte) error { return nil })
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	if opened := streams(t); opened != mostAttempts {
		t.Errorf("%v streams were opened", opened)
	}
}
