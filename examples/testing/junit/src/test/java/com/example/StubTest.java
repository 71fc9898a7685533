package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.example.StubExtension.Engine;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(StubExtension.class)
class StubTest {
  @Test
  void runsAProcessThatFails(Engine engine) {
    String name = create(engine, "exit 3");
    engine.post(name + ":start", Map.of());
    var ended = StubExtension.json(engine.post(name + ":wait", Map.of()).body());
    assertEquals(3, ended.getAsJsonObject("process").get("exitCode").getAsInt());
  }

  @Test
  void meetsAnOutage(Engine engine) {
    String name = create(engine, "true");
    // Tests that run in parallel share the stub: the fault is for this test's process.
    engine.addFault(
        Map.of("method", "StartProcess", "process", name, "fault", "status", "code", "UNAVAILABLE"));
    assertEquals(503, engine.post(name + ":start", Map.of()).statusCode());
    assertEquals(200, engine.post(name + ":start", Map.of()).statusCode());
  }

  private static String create(Engine engine, String script) {
    var spec = Map.of("command", "sh", "args", List.of("-c", script));
    var response = engine.post(engine.parent() + "/processes", spec);
    assertEquals(200, response.statusCode(), response.body());
    return StubExtension.json(response.body()).getAsJsonObject("process").get("name").getAsString();
  }
}
