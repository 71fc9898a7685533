package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.StartProcessRequest;
import ai.h2o.engine.sandbox.v1.StreamOutputRequest;
import ai.h2o.engine.sandbox.v1.StreamOutputResponse;
import ai.h2o.engine.sandbox.v1.WaitProcessRequest;
import java.util.Iterator;

/** Subscribes to the output of a process before it starts, so that nothing is missed. */
final class Deferred {
  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      Process spec =
          Process.newBuilder()
              .setCommand("sh")
              .addArgs("-c")
              .addArgs("echo first; sleep 1; echo last")
              .build();
      Process created =
          aiem.client
              .createProcess(
                  CreateProcessRequest.newBuilder()
                      .setParent(aiem.parent)
                      .setProcess(spec)
                      .build())
              .getProcess();
      String name = created.getName();
      System.out.println(created.getState());
      Iterator<StreamOutputResponse> output =
          aiem.client.streamOutput(StreamOutputRequest.newBuilder().setName(name).build());
      // Not hasNext() before this: it waits for the first bytes, which come after it.
      aiem.client.startProcess(StartProcessRequest.newBuilder().setName(name).build());
      while (output.hasNext()) {
        output.next().getData().writeTo(System.out);
      }
      // The end of the output is not yet the end of the process.
      Process ended =
          aiem.client
              .waitProcess(WaitProcessRequest.newBuilder().setName(name).build())
              .getProcess();
      System.out.println(ended.getState() + " " + ended.getExitCode());
    }
  }
}
