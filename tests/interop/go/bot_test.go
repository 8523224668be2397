// A test of the bot with Go's testing: the local platform runs as a process, the bot in the test, and a click is judged
// over HTTP.
//
//	FEISHU_GATEWAY=path/to/feishu-gateway go test
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

var url string

type outcome struct {
	Code    int `json:"code"`
	Verdict struct {
		Ok   bool   `json:"ok"`
		Code int    `json:"code"`
		Text string `json:"text"`
	} `json:"verdict"`
}

func TestMain(m *testing.M) {
	program := os.Getenv("FEISHU_GATEWAY")
	if program == "" {
		program = "feishu-gateway"
	}
	platform := exec.Command(program, "--port", "0", "--json")
	output, err := platform.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := platform.Start(); err != nil {
		panic(err)
	}
	var started struct {
		Data struct {
			BaseURL   string `json:"base_url"`
			AppID     string `json:"app_id"`
			AppSecret string `json:"app_secret"`
		} `json:"data"`
	}
	line, _ := bufio.NewReader(output).ReadBytes('\n')
	if err := json.Unmarshal(line, &started); err != nil {
		panic(err)
	}
	url = started.Data.BaseURL
	os.Setenv("FEISHU_APP_ID", started.Data.AppID)
	os.Setenv("FEISHU_APP_SECRET", started.Data.AppSecret)
	os.Setenv("FEISHU_DOMAIN", url)
	go main()
	code := 1
	if connected() {
		code = m.Run()
	}
	_ = platform.Process.Kill()
	os.Exit(code)
}

func connected() bool {
	for wait := 0; wait < 600; wait++ {
		var health struct {
			Connections int `json:"connections"`
		}
		if answer, err := http.Get(url + "/local/health"); err == nil {
			_ = json.NewDecoder(answer.Body).Decode(&health)
			_ = answer.Body.Close()
		}
		if health.Connections > 0 {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

func click(t *testing.T, body string) outcome {
	t.Helper()
	answer, err := http.Post(url+"/local/click", "application/json", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var result outcome
	if err := json.NewDecoder(answer.Body).Decode(&result); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestClickShowsAToast(t *testing.T) {
	result := click(t, `{"name": "approve", "value": {"order": 42}}`)
	if result.Code != 200 || result.Verdict.Text != `a toast (success) "approved"` {
		t.Fatalf("%+v", result)
	}
}

func TestFailingHandlerShowsAnError(t *testing.T) {
	if result := click(t, `{"name": "fail"}`); result.Verdict.Code != 200671 {
		t.Fatalf("%+v", result)
	}
}
