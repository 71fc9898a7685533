package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.WaitProcessRequest;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/** Waits with a deadline, and again, until the process has ended or a minute is over. */
final class Wait {
  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      Process spec = Process.newBuilder().setCommand("sleep").addArgs("2").build();
      String name =
          aiem.client
              .createProcess(
                  CreateProcessRequest.newBuilder()
                      .setParent(aiem.parent)
                      .setProcess(spec)
                      .setAutoRun(true)
                      .build())
              .getProcess()
              .getName();
      Process ended = waitFor(aiem, name, Deadline.after(1, TimeUnit.MINUTES));
      System.out.println(ended.getState() + " " + ended.getExitCode());
    }
  }

  private static Process waitFor(Aiem aiem, String name, Deadline limit) {
    while (true) {
      // 30 s in your program: proxies cut calls that are silent for minutes. A stub keeps the point in
      // time at which its deadline passes, so each call needs a stub of its own.
      Deadline slice = Deadline.after(1, TimeUnit.SECONDS).minimum(limit);
      try {
        return aiem.client
            .withDeadline(slice)
            .waitProcess(WaitProcessRequest.newBuilder().setName(name).build())
            .getProcess();
      } catch (StatusRuntimeException error) {
        if (error.getStatus().getCode() != Status.Code.DEADLINE_EXCEEDED || limit.isExpired()) {
          throw error;
        }
        // Only the call has ended. The process runs on.
        System.out.println("still running");
      }
    }
  }
}
