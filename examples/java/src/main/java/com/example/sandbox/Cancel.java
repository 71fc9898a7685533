package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.GetProcessRequest;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.SendSignalRequest;
import ai.h2o.engine.sandbox.v1.StreamOutputRequest;
import ai.h2o.engine.sandbox.v1.StreamOutputResponse;
import ai.h2o.engine.sandbox.v1.WaitProcessRequest;
import io.grpc.Context;
import java.util.Iterator;

/** Ends a call, which leaves the process alone, and then the process, by a signal. */
final class Cancel {
  // The numbers are Linux's, on whatever system you are.
  private static final int SIGTERM = 15;

  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      Process spec =
          Process.newBuilder()
              .setCommand("sh")
              .addArgs("-c")
              .addArgs("echo ready; exec sleep 600")
              .build();
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
      // An iterator has no close(): the context of its call is what ends it. One that is neither read
      // to its end nor canceled keeps its stream until the channel is shut down.
      try (Context.CancellableContext call = Context.current().withCancellation()) {
        Iterator<StreamOutputResponse> output =
            call.call(
                () ->
                    aiem.client.streamOutput(
                        StreamOutputRequest.newBuilder().setName(name).build()));
        output.next().getData().writeTo(System.out);
      }
      GetProcessRequest get = GetProcessRequest.newBuilder().setName(name).build();
      System.out.println(aiem.client.getProcess(get).getProcess().getState());

      aiem.client.sendSignal(
          SendSignalRequest.newBuilder().setName(name).setSignal(SIGTERM).build());
      Process ended =
          aiem.client
              .waitProcess(WaitProcessRequest.newBuilder().setName(name).build())
              .getProcess();
      System.out.println(ended.getState() + " " + ended.getExitCode());
    }
  }
}
