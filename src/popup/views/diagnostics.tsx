/** How the wallet is, to read and to attach to a report. */
import browser from 'webextension-polyfill';
import { reportOf, textOf } from '../report.ts';
import { saveText } from '../save.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Problem, Waiting } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';
import { useClient, useLoad } from '../wallet.tsx';

export default function Diagnostics() {
  const client = useClient();
  const read = useLoad('diagnostics', () => client.call('diagnostics.read', {}));
  const around = {
    version: browser.runtime.getManifest().version,
    browser: navigator.userAgent,
    language: t.locale,
  };
  const sections = read.value && reportOf(read.value, around);
  return (
    <Page
      title={t.diagnostics.title}
      back="/settings"
      foot={
        sections && (
          <div className="button-pair">
            <CopyButton text={textOf(sections)} label={t.diagnostics.copy} />
            <Button
              look="secondary"
              wide
              onClick={() =>
                saveText(
                  `tandem-report-${new Date().toISOString().slice(0, 10)}.txt`,
                  'text/plain;charset=utf-8',
                  textOf(sections),
                )
              }
            >
              {t.diagnostics.save}
            </Button>
          </div>
        )
      }
    >
      <p className="small soft">{t.diagnostics.lead}</p>
      <Problem>{read.error}</Problem>
      {!sections && read.error === null && <Waiting />}
      {sections?.map(({ title, lines }) => (
        <section className="stack tight" key={title}>
          <h2>{title}</h2>
          {lines.length === 0 ? (
            <p className="card small soft">{t.diagnostics.none}</p>
          ) : (
            <dl className="card facts report">
              {lines.map(([name, value], index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a report is read once and stays as it is
                <div key={index}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
        </section>
      ))}
    </Page>
  );
}
