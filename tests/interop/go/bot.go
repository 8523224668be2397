// The smallest bot of the official Go SDK. What the driver asks of it is in ../README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"syscall"
	"time"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

func onClick(_ context.Context, event *callback.CardActionTriggerEvent) (*callback.CardActionTriggerResponse, error) {
	name := event.Event.Action.Name
	fmt.Println("handled click", name)
	switch name {
	case "fail":
		return nil, errors.New("the order service is down")
	case "panic":
		panic("the order service is down")
	}
	wait(name)
	toast := &callback.Toast{Type: "success", Content: "approved"}
	return &callback.CardActionTriggerResponse{Toast: toast}, nil
}

func onPreview(_ context.Context, event *callback.URLPreviewGetEvent) (*callback.URLPreviewGetResponse, error) {
	fmt.Println("handled preview", event.Event.Context.URL)
	return &callback.URLPreviewGetResponse{Inline: &callback.Inline{Title: "Order 42"}}, nil
}

func onMessage(_ context.Context, event *larkim.P2MessageReceiveV1) error {
	fmt.Println("handled message", event.EventV2Base.Header.EventID)
	wait(*event.Event.Message.Content)
	return nil
}

var work = regexp.MustCompile(`wait-(\d+)`)

// Does some work, as long as the text says.
func wait(text string) {
	if found := work.FindStringSubmatch(text); found != nil {
		milliseconds, _ := strconv.Atoi(found[1])
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	}
}

func main() {
	handler := dispatcher.NewEventDispatcher("", "").
		OnP2CardActionTrigger(onClick).
		OnP2CardURLPreviewGet(onPreview).
		OnP2MessageReceiveV1(onMessage)
	level := larkcore.LogLevelInfo
	if os.Getenv("BOT_DEBUG") != "" {
		level = larkcore.LogLevelDebug
	}
	client := larkws.NewClient(os.Getenv("FEISHU_APP_ID"), os.Getenv("FEISHU_APP_SECRET"),
		larkws.WithEventHandler(handler),
		larkws.WithDomain(os.Getenv("FEISHU_DOMAIN")),
		larkws.WithLogLevel(level),
	)

	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = client.CloseAndWait(patience)
	}()

	if err := client.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
}
