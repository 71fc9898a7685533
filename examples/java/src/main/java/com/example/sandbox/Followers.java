package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.GetProcessRequest;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.StreamOutputRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;

/**
 * Follows more processes than one connection has streams: servers allow 100 or so, and grpc-java lets
 * a further call wait until another one ends, or its deadline does.
 */
final class Followers {
  private static final int STREAMS_PER_CONNECTION = 100;

  public static void main(String[] args) throws Exception {
    // Keep a channel for short calls, and one for each 100 that last: a channel is one connection.
    try (Aiem followed = new Aiem();
        Aiem other = new Aiem()) {
      Process spec = Process.newBuilder().setCommand("sleep").addArgs("600").build();
      String name =
          followed
              .client
              .createProcess(
                  CreateProcessRequest.newBuilder()
                      .setParent(followed.parent)
                      .setProcess(spec)
                      .build())
              .getProcess()
              .getName();
      for (int i = 0; i < STREAMS_PER_CONNECTION; i++) {
        followed.client.streamOutput(StreamOutputRequest.newBuilder().setName(name).build());
      }
      try {
        get(followed, name);
        throw new AssertionError("the connection has more streams");
      } catch (StatusRuntimeException error) {
        if (error.getStatus().getCode() != Status.Code.DEADLINE_EXCEEDED) {
          throw error;
        }
        System.out.println("no stream is left");
      }
      System.out.println("on another connection: " + get(other, name).getState());
    }
  }

  private static Process get(Aiem aiem, String name) {
    return aiem.client
        .withDeadlineAfter(1, TimeUnit.SECONDS)
        .getProcess(GetProcessRequest.newBuilder().setName(name).build())
        .getProcess();
  }
}
