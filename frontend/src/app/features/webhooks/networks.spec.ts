import { parseNetworks, TRADINGVIEW_NETWORKS } from './networks';

describe('parseNetworks', () => {
  it('reads addresses and networks of both kinds', () => {
    const text = '10.0.0.0/8, 192.0.2.7\n2001:db8::/32 ::1';
    expect(parseNetworks(text)).toEqual({
      networks: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'],
      refused: [],
    });
  });

  it('says what is neither', () => {
    expect(parseNetworks('example.com 1.2.3').refused).toEqual(['example.com', '1.2.3']);
  });

  it('takes what TradingView publishes', () => {
    expect(parseNetworks(TRADINGVIEW_NETWORKS.join('\n')).refused).toEqual([]);
  });
});
