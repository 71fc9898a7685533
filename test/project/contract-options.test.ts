import { getOption } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { method_signature } from "../../gen/google/api/client_pb.js";
import { FieldBehavior, field_behavior } from "../../gen/google/api/field_behavior_pb.js";
import { ProcessSchema, ProcessService } from "../../src/gen.js";

const options = [ProcessSchema, ProcessService].map(({ file }) => file.proto.options);

/** What generators of clients and of documentation read from the contract, as the AIPs define it. */
describe("the contract", () => {
  it("is one Go package, so that no generated code imports a path that leads nowhere", () => {
    const paths = new Set(options.map((option) => option?.goPackage));
    expect(paths.size).toBe(1);
    // A path that ends in a version needs a name of its own, or each user's import has to give one.
    expect([...paths]).toEqual([expect.stringMatching(/\/v1;sandboxv1$/)]);
  });

  it("is one class a message in Java, so that Process can be imported by its name", () => {
    for (const option of options) {
      expect(option).toMatchObject({
        javaPackage: ProcessService.file.proto.package,
        javaMultipleFiles: true,
      });
    }
  });

  it("marks what is set at creation IMMUTABLE, the name IDENTIFIER, and the rest OUTPUT_ONLY", () => {
    const behavior = Object.fromEntries(
      ProcessSchema.fields.map((field) => [
        field.name,
        getOption(field, field_behavior).map((value) => FieldBehavior[value]),
      ]),
    );
    expect(behavior).toEqual({
      name: ["IDENTIFIER"],
      command: ["REQUIRED", "IMMUTABLE"],
      args: ["OPTIONAL", "IMMUTABLE"],
      working_directory: ["OPTIONAL", "IMMUTABLE"],
      environment_variables: ["OPTIONAL", "IMMUTABLE"],
      secret_environment_variables: ["OPTIONAL", "IMMUTABLE"],
      state: ["OUTPUT_ONLY"],
      exit_code: ["OUTPUT_ONLY"],
      create_time: ["OUTPUT_ONLY"],
      start_time: ["OUTPUT_ONLY"],
      end_time: ["OUTPUT_ONLY"],
    });
  });

  it.each(ProcessService.methods)(
    "names fields of its request in the signature of $name",
    (method) => {
      const signatures = getOption(method, method_signature);
      expect(signatures.length).toBeGreaterThan(0);
      const fields = method.input.fields.map(({ name }) => name);
      for (const field of signatures.flatMap((signature) => signature.split(","))) {
        expect(fields).toContain(field);
      }
    },
  );
});
