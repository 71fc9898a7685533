module.exports = () => globalThis.stub.close();
