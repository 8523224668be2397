import com.lark.oapi.event.EventDispatcher;
import com.lark.oapi.event.cardcallback.P2CardActionTriggerHandler;
import com.lark.oapi.event.cardcallback.P2URLPreviewGetHandler;
import com.lark.oapi.event.cardcallback.model.CallBackToast;
import com.lark.oapi.event.cardcallback.model.P2CardActionTrigger;
import com.lark.oapi.event.cardcallback.model.P2CardActionTriggerResponse;
import com.lark.oapi.event.cardcallback.model.P2URLPreviewGet;
import com.lark.oapi.event.cardcallback.model.P2URLPreviewGetResponse;
import com.lark.oapi.event.cardcallback.model.URLPreviewGetInline;
import com.lark.oapi.service.im.ImService;
import com.lark.oapi.service.im.v1.model.P2MessageReceiveV1;
import com.lark.oapi.ws.Client;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The smallest bot of the official Java SDK. What the driver asks of it is in ../README.md. */
public final class Bot {
  private static final Pattern WORK = Pattern.compile("wait-(\\d+)");

  private static final EventDispatcher HANDLER =
      EventDispatcher.newBuilder("", "")
          .onP2CardActionTrigger(
              new P2CardActionTriggerHandler() {
                @Override
                public P2CardActionTriggerResponse handle(P2CardActionTrigger event) throws Exception {
                  String name = event.getEvent().getAction().getName();
                  System.out.println("handled click " + name);
                  if ("fail".equals(name) || "panic".equals(name)) {
                    throw new IllegalStateException("the order service is down");
                  }
                  work(name);
                  CallBackToast toast = new CallBackToast();
                  toast.setType("success");
                  toast.setContent("approved");
                  P2CardActionTriggerResponse response = new P2CardActionTriggerResponse();
                  response.setToast(toast);
                  return response;
                }
              })
          .onP2URLPreviewGet(
              new P2URLPreviewGetHandler() {
                @Override
                public P2URLPreviewGetResponse handle(P2URLPreviewGet event) {
                  System.out.println("handled preview " + event.getEvent().getContext().getUrl());
                  URLPreviewGetInline inline = new URLPreviewGetInline();
                  inline.setTitle("Order 42");
                  P2URLPreviewGetResponse response = new P2URLPreviewGetResponse();
                  response.setInline(inline);
                  return response;
                }
              })
          .onP2MessageReceiveV1(
              new ImService.P2MessageReceiveV1Handler() {
                @Override
                public void handle(P2MessageReceiveV1 event) throws Exception {
                  System.out.println("handled message " + event.getHeader().getEventId());
                  work(event.getEvent().getMessage().getContent());
                }
              })
          .build();

  /** Does some work, as long as the text says. */
  private static void work(String text) throws InterruptedException {
    Matcher found = WORK.matcher(text == null ? "" : text);
    if (found.find()) {
      Thread.sleep(Long.parseLong(found.group(1)));
    }
  }

  public static void main(String[] args) {
    String level = System.getenv("BOT_DEBUG") != null ? "debug" : "info";
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", level);
    new Client.Builder(System.getenv("FEISHU_APP_ID"), System.getenv("FEISHU_APP_SECRET"))
        .eventHandler(HANDLER)
        .domain(System.getenv("FEISHU_DOMAIN"))
        .build()
        .start();
  }
}
