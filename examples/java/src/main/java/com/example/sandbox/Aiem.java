package com.example.sandbox;

import ai.h2o.engine.sandbox.v1.ProcessServiceGrpc;
import ai.h2o.engine.sandbox.v1.ProcessServiceGrpc.ProcessServiceBlockingStub;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;

/** A connection to the server that the environment names. */
final class Aiem implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** The engine that the examples use. */
  final String parent = System.getenv("AIEM_PARENT");

  final ProcessServiceBlockingStub client;
  private final ManagedChannel channel;

  /** Prepares a connection to AIEM_URL whose calls carry AIEM_TOKEN. It is made by the first call. */
  Aiem() throws UnknownHostException {
    URI server = URI.create(System.getenv("AIEM_URL"));
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + System.getenv("AIEM_TOKEN"));
    channel =
        Grpc.newChannelBuilder(server.getAuthority(), credentials(server))
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build();
    client = ProcessServiceGrpc.newBlockingStub(channel);
  }

  private static ChannelCredentials credentials(URI server) throws UnknownHostException {
    if (!server.getScheme().equals("http")) {
      return TlsChannelCredentials.create();
    }
    // As a stub is reached. A token must not leave the machine in plain text.
    if (!InetAddress.getByName(server.getHost()).isLoopbackAddress()) {
      throw new IllegalArgumentException("AIEM_URL: " + server.getHost() + " needs https");
    }
    return InsecureChannelCredentials.create();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
