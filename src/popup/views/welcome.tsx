import { useEffect } from 'react';
import { navigateInTab } from '../surface.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { CheckIcon, Mark } from '../ui/icons.tsx';

/** The first thing a new person sees. All ways on need paper, a file or another app, so they lead to a tab. */
export function Welcome() {
  useEffect(() => {
    document.title = t.product;
  }, []);
  return (
    <main className="page welcome">
      <div className="page-body centre">
        <div className="welcome-mark">
          <Mark size={56} />
        </div>
        <h1>{t.welcome.title}</h1>
        <p className="soft">{t.welcome.lead}</p>
        <ul className="points">
          {t.welcome.points.map((point) => (
            <li key={point}>
              <CheckIcon size={18} />
              <span>{point}</span>
            </li>
          ))}
        </ul>
      </div>
      <div className="page-foot">
        <Button wide onClick={() => navigateInTab('/create')}>
          {t.welcome.create}
        </Button>
        <Button wide look="secondary" onClick={() => navigateInTab('/import')}>
          {t.welcome.import}
        </Button>
        <Button wide look="quiet" onClick={() => navigateInTab('/restore')}>
          {t.welcome.restore}
        </Button>
      </div>
    </main>
  );
}
