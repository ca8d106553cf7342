// Stands for axios in the bundle: acme-client builds an instance when it loads, transport.ts carries every request.
const interceptors = { request: { use() {} }, response: { use() {} } };
module.exports = { create: () => ({ defaults: { headers: { common: {} } }, interceptors }), AxiosError: Error };
