package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.GetProcessRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/** Tells one error from another by its code. */
final class Errors {
  public static void main(String[] args) throws Exception {
    try (Aiem aiem = new Aiem()) {
      String name = aiem.parent + "/processes/nobody";
      aiem.client.getProcess(GetProcessRequest.newBuilder().setName(name).build());
    } catch (StatusRuntimeException error) {
      if (error.getStatus().getCode() != Status.Code.NOT_FOUND) {
        throw error;
      }
      // Also for a process in an engine of somebody else's.
      System.out.println("NOT_FOUND");
    }
  }
}
