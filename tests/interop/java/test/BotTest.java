import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Paths;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A test of the bot with JUnit: the local platform and the bot run as processes, a click is judged over HTTP.
 *
 * <pre>FEISHU_GATEWAY=path/to/feishu-gateway mvn test</pre>
 */
final class BotTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Process platform;
  private static Process bot;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    String program = System.getenv().getOrDefault("FEISHU_GATEWAY", "feishu-gateway");
    platform = new ProcessBuilder(program, "--port", "0", "--json").start();
    BufferedReader lines = new BufferedReader(new InputStreamReader(platform.getInputStream()));
    JsonObject started = JsonParser.parseString(lines.readLine()).getAsJsonObject().getAsJsonObject("data");
    url = started.get("base_url").getAsString();

    String java = Paths.get(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), "Bot");
    builder.environment().put("FEISHU_APP_ID", started.get("app_id").getAsString());
    builder.environment().put("FEISHU_APP_SECRET", started.get("app_secret").getAsString());
    builder.environment().put("FEISHU_DOMAIN", url);
    bot = builder.inheritIO().start();
    for (int wait = 0; wait < 600; wait++) {
      if (call(HttpRequest.newBuilder(URI.create(url + "/local/health"))).get("connections").getAsInt() > 0) {
        return;
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("the bot does not connect");
  }

  @AfterAll
  static void stop() {
    if (bot != null) {
      bot.destroyForcibly();
    }
    platform.destroyForcibly();
  }

  @Test
  void clickShowsAToast() throws Exception {
    JsonObject outcome = click("{\"name\": \"approve\", \"value\": {\"order\": 42}}");
    assertEquals(200, outcome.get("code").getAsInt());
    JsonObject verdict = outcome.getAsJsonObject("verdict");
    assertTrue(verdict.get("ok").getAsBoolean(), verdict.toString());
    assertEquals("a toast (success) \"approved\"", verdict.get("text").getAsString());
  }

  @Test
  void failingHandlerShowsAnError() throws Exception {
    JsonObject verdict = click("{\"name\": \"fail\"}").getAsJsonObject("verdict");
    assertEquals(200671, verdict.get("code").getAsInt());
  }

  private static JsonObject click(String body) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + "/local/click"));
    return call(request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static JsonObject call(HttpRequest.Builder request) throws Exception {
    return JsonParser.parseString(HTTP.send(request.build(), BodyHandlers.ofString()).body()).getAsJsonObject();
  }
}
