/** `ng serve` hands API calls and the socket to a running Kuber. */
const target = process.env.KUBER_URL ?? 'http://127.0.0.1:8000';

export default {
  '/api': { target, ws: true, changeOrigin: false },
  '/health': { target },
  '/ready': { target },
};
