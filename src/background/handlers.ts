/** What each method of the popup does. */
import type { Quoted } from '../engine/sends.ts';
import { decode, encode } from '../protocol/chain/address.ts';
import { forceQuote, type Outcome, unsignedCall } from '../protocol/channel/index.ts';
import { formatInvite, InviteError, parseInvite } from '../rpc/invite.ts';
import type { ParamsOf } from '../rpc/popup.ts';
import { type BackupDeps, exportBackup, importBackup } from './backup/index.ts';
import { contractPreview } from './dapps/views.ts';
import { WalletError } from './errors.ts';
import type { PopupHandlers } from './popup-server.ts';
import type { Vault } from './vault/index.ts';
import { termsOf } from './view.ts';
import type { Wallet } from './wallet.ts';

const ok = { ok: true } as const;

/** All but what is told of the worker itself. */
export function createHandlers(
  wallet: Wallet,
  vault: Vault,
  backup: BackupDeps,
): Omit<PopupHandlers, 'diagnostics.read'> {
  const invite = (link: string) => {
    const parsed = parseInvite(link);
    const { network } = wallet;
    if (parsed.networkId !== network.networkId)
      throw new InviteError(
        `This invite is for ${parsed.networkId}; your wallet is on ${network.networkId}. Ask for another, or switch the network.`,
      );
    if (encode('ak', parsed.peer) === wallet.running().address)
      throw new InviteError('This invite is your own. Send it to somebody else.');
    return parsed;
  };

  const requireUnlocked = () => {
    if (vault.status() !== 'unlocked')
      throw new WalletError('locked', 'The wallet is locked: unlock it first.');
  };

  return {
    'wallet.view': async () => wallet.view(),

    'vault.newPhrase': async () => ({ mnemonic: vault.newPhrase() }),
    async 'vault.create'({ mnemonic, password }) {
      await vault.create({ mnemonic, password });
      await wallet.start();
      return { address: await vault.address() };
    },
    async 'vault.unlock'({ password }) {
      await vault.unlock(password);
      await wallet.start();
      return ok;
    },
    async 'vault.lock'() {
      await vault.lock();
      await wallet.stop();
      return ok;
    },
    'vault.revealPhrase': async ({ password }) => ({ mnemonic: await vault.revealPhrase(password) }),

    'backup.export': ({ password }) => exportBackup(backup, wallet.network.networkId, password),
    async 'backup.import'({ file, password, newPassword }) {
      const restore = () => importBackup(backup, file, password, newPassword);
      // A wallet that is here refuses it, and need not stop for that.
      return vault.status() === 'empty' ? wallet.whileStopped(restore) : restore();
    },

    async 'settings.set'(changes) {
      await wallet.set(changes);
      if (changes.autoLockMinutes !== undefined) await vault.touch();
      return ok;
    },
    async 'network.set'({ nodeUrl, relay }) {
      await wallet.setNetwork(nodeUrl, relay);
      return ok;
    },

    async 'watchtower.set'({ link }) {
      await wallet.setWatchtower(link);
      return ok;
    },

    async 'account.send'({ to, amount, requestId, feeStep }) {
      const { hash, fee } = await wallet
        .running()
        .engine.spend(decode('ak', to), positive(amount), requestId, feeStep);
      void wallet.refreshBalance();
      return { txHash: encode('th', hash), fee: fee.toString() };
    },
    async 'account.raiseFee'({ requestId, fee }) {
      await wallet.running().engine.raiseSendFee(requestId, positive(fee));
      await wallet.refreshBalance();
      return ok;
    },
    'account.faucet': async () => ({ txHash: await wallet.faucet() }),

    async 'invite.mine'() {
      const { transport, signer } = wallet.running();
      const addresses = transport.addresses();
      const link = formatInvite({
        peer: signer.publicKey,
        networkId: wallet.network.networkId,
        addresses,
        name: null,
      });
      return { link, reachable: addresses.length > 0 };
    },
    async 'invite.read'({ link }) {
      const { peer, name, networkId } = invite(link);
      return { peer: encode('ak', peer), name, networkId };
    },
    async 'fee.quote'(wanted) {
      const fees = await wallet.running().engine.quote(quotedOf(wanted));
      return { fees: fees.map(String) };
    },
    async 'channel.quote'({ terms, feeStep = 0 }) {
      const { engine } = wallet.running();
      const parsed = termsOf(terms);
      const fee = (await engine.quote({ type: 'open', terms: parsed }))[feeStep]!;
      const problem = await engine.fundingProblem(parsed, feeStep);
      return { fee: fee.toString(), total: (parsed.initiatorAmount + fee).toString(), problem };
    },
    async 'channel.open'({ link, terms, feeStep }) {
      const { peer, addresses, name } = invite(link);
      const { engine } = wallet.running();
      const actor = await engine.open(peer, addresses, termsOf(terms), name, undefined, feeStep);
      return { channel: actor.id };
    },
    async 'channel.recover'({ channelId, at }) {
      const id = decode('ch', channelId.trim());
      const { engine } = wallet.running();
      const where = at.trim();
      if (where.startsWith('/')) return { channel: (await engine.recover(id, null, [where])).id };
      const { peer, addresses, name } = invite(where);
      return { channel: (await engine.recover(id, peer, addresses, name)).id };
    },
    async 'wallet.takeOver'() {
      await wallet.running().engine.takeOver();
      wallet.changed();
      return ok;
    },
    'channel.pay': (params) => move(wallet, 'pay', params),
    'channel.request': (params) => move(wallet, 'ask', params),
    async 'channel.shutdown'({ channel }) {
      await wallet.running().engine.wish(channel, { type: 'shutdown' });
      return ok;
    },
    async 'channel.deposit'({ channel, amount, feeStep = 0 }) {
      await wallet.running().engine.wish(channel, { type: 'deposit', amount: positive(amount), feeStep });
      return ok;
    },
    async 'channel.withdraw'({ channel, amount, feeStep = 0 }) {
      await wallet.running().engine.wish(channel, { type: 'withdraw', amount: positive(amount), feeStep });
      return ok;
    },
    async 'channel.closeAlone'({ channel, acceptOldState, feeStep = 0 }) {
      const { engine } = wallet.running();
      if (acceptOldState) await engine.closeWithDoubtfulState(channel, feeStep);
      else await engine.wish(channel, { type: 'close_solo', feeStep });
      return ok;
    },
    async 'channel.raiseFee'({ channel, fee }) {
      await wallet.running().engine.raiseFee(channel, positive(fee));
      return ok;
    },
    async 'channel.snapshot'({ channel }) {
      await wallet.running().engine.wish(channel, { type: 'snapshot' });
      return ok;
    },
    async 'channel.force'({ channel }) {
      const { engine } = wallet.running();
      const quote = forceQuote(engine.channel(channel).channel);
      if (!quote)
        throw new WalletError(
          'not_now',
          'No call of yours waits for the other side here, or it was answered.',
        );
      await engine.wish(channel, quote.wish);
      return ok;
    },
    async 'channel.forcePreview'({ channel }) {
      const { engine } = wallet.running();
      const call = unsignedCall(engine.channel(channel).channel);
      if (!call) throw new WalletError('gone', 'No call of yours waits here any more.');
      const { contract: wish, amount } = call.request;
      return contractPreview(engine, { channel, wish, amount, aci: null });
    },
    async 'channel.forgetCall'({ channel }) {
      await wallet.running().engine.wish(channel, { type: 'forget_call' });
      return ok;
    },
    async 'channel.abort'({ channel }) {
      await wallet.running().engine.wish(channel, { type: 'abort', reason: 'You gave this opening up.' });
      return ok;
    },
    async 'channel.reconnect'({ channel }) {
      await wallet.running().engine.reconnect(channel);
      return ok;
    },
    async 'channel.history'({ channel, before, limit }) {
      return { items: await wallet.history(channel, before, limit) };
    },

    async 'approval.get'({ id }) {
      const approval = wallet.approvals().find((candidate) => candidate.id === id);
      if (!approval)
        throw new WalletError('gone', 'This request is gone: it was answered already, or taken back.');
      return approval;
    },
    'approval.contract': ({ id }) => wallet.contractPreview(id),
    async 'approval.decide'({ id, approve, digest, budget }) {
      await wallet.decide(id, approve, digest, budget && { ...sumsOf(budget), seconds: budget.seconds });
      return ok;
    },
    async 'contact.list'() {
      requireUnlocked();
      return { contacts: wallet.contacts.list() };
    },
    async 'contact.save'(contact) {
      requireUnlocked();
      await wallet.contacts.save(contact, await vault.address());
      wallet.changed();
      return ok;
    },
    async 'contact.remove'({ address }) {
      requireUnlocked();
      await wallet.contacts.remove(address);
      wallet.changed();
      return ok;
    },

    async 'site.disconnect'({ origin }) {
      await wallet.gate.disconnect(origin);
      wallet.changed();
      return ok;
    },
    async 'site.unblock'({ origin }) {
      await wallet.asks.unblock(origin);
      return ok;
    },
    async 'budget.change'({ origin, channel, expiresAt, ...sums }) {
      await wallet.budgets.change(origin, channel, { ...sumsOf(sums), expiresAt });
      return ok;
    },
    async 'budget.revoke'({ origin, channel }) {
      await wallet.budgets.revoke(origin, channel);
      return ok;
    },
  };
}

function quotedOf(wanted: ParamsOf<'fee.quote'>): Quoted {
  switch (wanted.type) {
    case 'open':
      return { type: 'open', terms: termsOf(wanted.terms) };
    case 'send':
      return { type: 'send', to: decode('ak', wanted.to), amount: positive(wanted.amount) };
    case 'move':
      return { ...wanted, amount: positive(wanted.amount) };
    case 'close_alone':
      return wanted;
  }
}

async function move(
  wallet: Wallet,
  direction: 'pay' | 'ask',
  params: { channel: string; amount: string; note: string | null; requestId: string },
) {
  const outcome: Outcome = await wallet.running().engine.request(params.channel, {
    scope: 'popup',
    id: params.requestId,
    amount: positive(params.amount),
    direction,
    note: params.note,
  });
  if (!outcome.ok) throw new WalletError(outcome.code, outcome.message);
  return { sequenceNumber: String(outcome.number) };
}

const sumsOf = ({ amount, perUpdate }: { amount: string; perUpdate: string }) => ({
  amount: BigInt(amount),
  perUpdate: BigInt(perUpdate),
});

function positive(text: string): bigint {
  const amount = BigInt(text);
  if (amount <= 0n) throw new WalletError('bad_amount', 'Give an amount above zero.');
  return amount;
}
