package stub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	os.Exit(runWithStub(m))
}

// runWithStub starts a stub for the tests of this package, unless there is one already, by
// `serve --control -- go test -p 1 ./...`.
func runWithStub(m *testing.M) int {
	if os.Getenv("AIEM_CONTROL_URL") != "" {
		return m.Run()
	}
	// go test runs in the folder of the package.
	serve := exec.Command("node_modules/.bin/aiem-process", "serve", "--control", "--json")
	serve.Stderr = os.Stderr
	stdout, err := serve.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		log.Fatal(err)
	}
	defer serve.Wait()
	defer serve.Process.Signal(syscall.SIGTERM)
	var ready struct{ URL, Token, ControlURL, ControlToken string }
	if err := json.NewDecoder(stdout).Decode(&ready); err != nil {
		log.Print(err)
		return 1
	}
	os.Setenv("AIEM_URL", ready.URL)
	os.Setenv("AIEM_TOKEN", ready.Token)
	os.Setenv("AIEM_CONTROL_URL", ready.ControlURL)
	os.Setenv("AIEM_CONTROL_TOKEN", ready.ControlToken)
	return m.Run()
}

// engine makes an engine for a test.
func engine(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("workspaces/test/sandboxEngines/e-%x", rand.Uint64())
	control(t, "PUT", name, struct{}{})
	t.Cleanup(func() { control(t, "DELETE", name, nil) })
	return name
}

// control calls the control API of the stub.
func control(t *testing.T, method, path string, body any) {
	t.Helper()
	address := os.Getenv("AIEM_CONTROL_URL") + "/" + path
	if status, answer := call(t, method, address, os.Getenv("AIEM_CONTROL_TOKEN"), body); status != http.StatusOK {
		t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
}

// call sends a request with a body of JSON.
func call(t *testing.T, method, address, token string, body any) (int, map[string]any) {
	t.Helper()
	var encoded bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, address, &encoded)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}
