package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.CreateProcessRequest;
import ai.h2o.engine.sandbox.v1.OutputStream;
import ai.h2o.engine.sandbox.v1.Process;
import ai.h2o.engine.sandbox.v1.StreamOutputRequest;
import ai.h2o.engine.sandbox.v1.StreamOutputResponse;
import java.io.PrintStream;
import java.util.Iterator;

/** Follows the output while the process runs, standard output and standard error apart. */
final class Output {
  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      String script = "for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.1; done";
      Process spec =
          Process.newBuilder().setCommand("sh").addArgs("-c").addArgs(script).build();
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
      Iterator<StreamOutputResponse> output =
          aiem.client.streamOutput(StreamOutputRequest.newBuilder().setName(name).build());
      // Where this throws UNAVAILABLE, open the stream again: it gives all from the first byte on, so
      // count the bytes of each stream, and skip as many.
      while (output.hasNext()) {
        StreamOutputResponse chunk = output.next();
        boolean failing = chunk.getStream() == OutputStream.OUTPUT_STREAM_STDERR;
        PrintStream into = failing ? System.err : System.out;
        // Bytes as they came: a chunk can split a line, and a character too.
        chunk.getData().writeTo(into);
        into.flush();
      }
    }
  }
}
