package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.OutputStream;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.ReadOutputRequest;
import ai.h2o.engine.sandbox.v1.WaitProcessRequest;

/** Creates a process that starts at once, waits for its end, and reads what it wrote. */
final class Run {
  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      // Imported by its name, Process is the contract's. With ai.h2o.engine.sandbox.v1.* it would be
      // java.lang's too, and javac refuses that.
      Process spec =
          Process.newBuilder().setCommand("sh").addArgs("-c").addArgs("echo hello; exit 3").build();
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
      Process ended =
          aiem.client
              .waitProcess(WaitProcessRequest.newBuilder().setName(name).build())
              .getProcess();
      // Always with a stream: what an unset one means is up to the server.
      ReadOutputRequest output =
          ReadOutputRequest.newBuilder()
              .setName(name)
              .setOutputStream(OutputStream.OUTPUT_STREAM_COMBINED)
              .build();
      System.out.print(aiem.client.readOutput(output).getData().toStringUtf8());
      System.out.println(ended.getState() + " " + ended.getExitCode());
    }
  }
}
