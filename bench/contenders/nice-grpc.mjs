// @ts-check
// As it comes: deadlines are a middleware of its own package, so that its calls have none.
import { credentials } from "@grpc/grpc-js";
import { createChannel, createClient, Metadata } from "nice-grpc";
import { CHANNEL_OPTIONS, SERVICE } from "./grpc-definition.mjs";

/**
 * @param {import("./contender.mjs").Target} target
 * @returns {import("./contender.mjs").Contender}
 */
export function open({ url, token }) {
  const { host } = new URL(url);
  const channel = createChannel(host, credentials.createInsecure(), CHANNEL_OPTIONS);
  const client = createClient(SERVICE, channel);
  const options = () => ({ metadata: new Metadata({ authorization: `Bearer ${token}` }) });
  return {
    chunks: (name) => client.streamOutput({ name }, options()),
    get: (name) => client.getProcess({ name }, options()),
    read: async (name) => (await client.readOutput({ name }, options())).data,
    close: () => channel.close(),
  };
}
