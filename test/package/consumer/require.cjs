const { ProcessClient } = require("aiem-process-client");
const { ProcessService } = require("aiem-process-client/gen");
const { startStubServer } = require("aiem-process-client/stub");
const { version } = require("aiem-process-client/package.json");

console.log(typeof ProcessClient, typeof startStubServer, ProcessService.typeName, version);
