package com.example;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A stub for the run, and an engine for each test that has a parameter for one. */
final class StubExtension implements ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(StubExtension.class);
  private static final Gson GSON = new Gson();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Engine.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    var run = context.getRoot().getStore(NAMESPACE);
    Stub stub = run.getOrComputeIfAbsent(Stub.class, key -> Stub.start(), Stub.class);
    // The test's own store deletes the engine after the test.
    var test = context.getStore(NAMESPACE);
    return test.getOrComputeIfAbsent(Engine.class, key -> Engine.of(stub), Engine.class);
  }

  /** A test's engine. */
  record Engine(Stub stub, String parent) implements AutoCloseable {
    static Engine of(Stub stub) {
      String parent = "workspaces/test/sandboxEngines/e-" + UUID.randomUUID();
      stub.control("PUT", parent, Map.of());
      return new Engine(stub, parent);
    }

    /** Calls AIEM over REST, as a client in production would. */
    HttpResponse<String> post(String path, Object body) {
      return send("POST", stub.url + "/v1/" + path, stub.token, body);
    }

    void addFault(Map<String, ?> fault) {
      stub.control("POST", "faults", fault);
    }

    @Override
    public void close() {
      stub.control("DELETE", parent, null);
    }
  }

  /** A stub: that of {@code serve --control -- mvn test}, or one of this run. */
  record Stub(Process process, String url, String token, String controlUrl, String controlToken)
      implements AutoCloseable {
    static Stub start() {
      var given = System.getenv();
      if (given.containsKey("AIEM_CONTROL_URL")) {
        return new Stub(
            null,
            given.get("AIEM_URL"),
            given.get("AIEM_TOKEN"),
            given.get("AIEM_CONTROL_URL"),
            given.get("AIEM_CONTROL_TOKEN"));
      }
      try {
        Process process =
            new ProcessBuilder("node_modules/.bin/aiem-process", "serve", "--control", "--json")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream()));
        JsonObject ready = json(lines.readLine());
        return new Stub(
            process,
            ready.get("url").getAsString(),
            ready.get("token").getAsString(),
            ready.get("controlUrl").getAsString(),
            ready.get("controlToken").getAsString());
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    void control(String method, String path, Object body) {
      var response = send(method, controlUrl + "/" + path, controlToken, body);
      if (response.statusCode() != 200) {
        throw new IllegalStateException(method + " " + path + ": " + response.body());
      }
    }

    @Override
    public void close() throws InterruptedException {
      if (process != null) {
        process.destroy();
        process.waitFor();
      }
    }
  }

  static JsonObject json(String text) {
    return GSON.fromJson(text, JsonObject.class);
  }

  private static HttpResponse<String> send(String method, String url, String token, Object body) {
    var request =
        HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", "Bearer " + token)
            .method(
                method,
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(GSON.toJson(body)))
            .build();
    try {
      return HTTP.send(request, BodyHandlers.ofString());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }
}
