package stub

import (
	"net/http"
	"os"
	"testing"
)

// aiem calls AIEM over REST, as a client in production would.
func aiem(t *testing.T, path string, body any) (int, map[string]any) {
	t.Helper()
	return call(t, "POST", os.Getenv("AIEM_URL")+"/v1/"+path, os.Getenv("AIEM_TOKEN"), body)
}

// create creates a process of a shell script, and gives its name.
func create(t *testing.T, parent, script string) string {
	t.Helper()
	spec := map[string]any{"command": "sh", "args": []string{"-c", script}}
	status, answer := aiem(t, parent+"/processes", spec)
	if status != http.StatusOK {
		t.Fatalf("create: %d %v", status, answer)
	}
	return answer["process"].(map[string]any)["name"].(string)
}

func TestProcessThatFails(t *testing.T) {
	t.Parallel()
	name := create(t, engine(t), "exit 3")
	aiem(t, name+":start", struct{}{})
	_, ended := aiem(t, name+":wait", struct{}{})
	if code := ended["process"].(map[string]any)["exitCode"]; code != 3.0 {
		t.Errorf("ended with %v", code)
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	name := create(t, engine(t), "true")
	// Parallel tests share the stub: the fault is for this test's process.
	control(t, "POST", "faults", map[string]any{
		"method": "StartProcess", "process": name, "fault": "status", "code": "UNAVAILABLE",
	})
	if status, answer := aiem(t, name+":start", struct{}{}); status != http.StatusServiceUnavailable {
		t.Errorf("got %d %v", status, answer)
	}
	if status, answer := aiem(t, name+":start", struct{}{}); status != http.StatusOK {
		t.Errorf("got %d %v", status, answer)
	}
}

func TestRestart(t *testing.T) {
	name := create(t, engine(t), "sleep 0.5; exit 4")
	aiem(t, name+":start", struct{}{})
	// All connections end, and the process runs on.
	control(t, "POST", "restart", map[string]any{"downMs": 100})
	_, ended := aiem(t, name+":wait", struct{}{})
	if code := ended["process"].(map[string]any)["exitCode"]; code != 4.0 {
		t.Errorf("ended with %v", code)
	}
}
