import { position } from '@core/trading/testing';
import { confirmationOf } from './close-position-words';

describe('the question before a position is closed', () => {
  it('names mode, account, quantity and about what it brings', () => {
    const { title, text } = confirmationOf(position(), '152');
    expect(title).toBe('Close 42 AAPL?');
    expect(text).toContain('Simulation account Simulation');
    expect(text).toContain('brings about $6,384.00 at the last price of 152.00');
  });

  it('says that a short is bought back, and what that costs', () => {
    const { text } = confirmationOf(position({ side: 'sell' }), null);
    expect(text).toMatch(/Buys back 42 AAPL .* costs about \$6,363\.00/);
  });

  it('says of a part what it brings, and that the rest stays protected', () => {
    const { action, text, title } = confirmationOf(position(), '152', '12');
    expect(title).toBe('Close 12 AAPL?');
    expect(text).toContain('brings about $1,824.00');
    expect(text).toContain('Stop and targets go on for the other 30.');
    expect(action).toBe('Close this part');
  });

  it('has the symbol typed where money is real, and nowhere else', () => {
    expect(confirmationOf(position({ mode: 'live' }), null).typedName).toBe('AAPL');
    expect(confirmationOf(position(), null).typedName).toBeUndefined();
  });

  it('takes back what is not filled', () => {
    const opening = position({ status: 'opening', quantity: '0', average_price: null });
    expect(confirmationOf(opening, null).action).toBe('Cancel the entry');
  });
});
