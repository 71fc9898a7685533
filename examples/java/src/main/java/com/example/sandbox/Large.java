package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.OutputStream;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.ReadOutputRequest;
import ai.h2o.engine.sandbox.v1.WaitProcessRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Reads more than 4 MiB: grpc-java takes no larger message, unless the stub says so. */
final class Large {
  // At INFO, grpc-java logs a line for each piece of a refused message that was on its way already.
  // Kept in a field: a logger that nobody refers to forgets its level.
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      Process spec =
          Process.newBuilder()
              .setCommand("head")
              .addArgs("-c")
              .addArgs("5000000")
              .addArgs("/dev/zero")
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
      aiem.client.waitProcess(WaitProcessRequest.newBuilder().setName(name).build());
      ReadOutputRequest output =
          ReadOutputRequest.newBuilder()
              .setName(name)
              .setOutputStream(OutputStream.OUTPUT_STREAM_STDOUT)
              .build();
      GRPC.setLevel(Level.WARNING);
      try {
        aiem.client.readOutput(output);
        throw new AssertionError("5,000,000 bytes were taken");
      } catch (StatusRuntimeException error) {
        if (error.getStatus().getCode() != Status.Code.RESOURCE_EXHAUSTED) {
          throw error;
        }
      }
      // Of all methods, only ReadOutput and ReadOutputFrames answer with more than 4 MiB. StreamOutput
      // never does, and knows no limit.
      int size =
          aiem.client.withMaxInboundMessageSize(64 << 20).readOutput(output).getData().size();
      System.out.println(size + " bytes");
    }
  }
}
