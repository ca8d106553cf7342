// Stands for @peculiar/x509 in the bundles: of acme-client we use the signed requests, which need none of it (200 KB).
module.exports = { cryptoProvider: { set() {} } };
