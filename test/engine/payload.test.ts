/** The largest message of an application, over a running link: 65,535 bytes go through, one more is refused plainly. */
import { expect, test } from 'vitest';
import { online, until } from './party.ts';
import { ae, scene } from './scene.ts';

const { pay, openChannel } = scene(240, 150);

test('payload_65535_65536_bytes', async () => {
  const { alice, bob, id } = await openChannel();
  await online(bob, id);
  const received = bob.inband;
  const most = Uint8Array.from({ length: 65_535 }, (_, i) => i % 251);
  await alice.engine.wish(id, { type: 'send_inband', data: most });
  await until(
    'arrives',
    () => received.length,
    (count) => count === 1,
  );
  expect(received[0]).toEqual(most);
  await expect(alice.engine.wish(id, { type: 'send_inband', data: new Uint8Array(65_536) })).rejects.toThrow(
    /65,?535/,
  );
  // The link is as it was.
  expect(await pay(alice, id, ae)).toMatchObject({ ok: true });
  expect(received).toHaveLength(1);
});
