import { Collapsible } from '@base-ui/react/collapsible';
import type { ReactNode } from 'react';
import { DownIcon } from './icons.tsx';

/** Details that most people do not need. What was typed inside stays while it is closed. */
export function Disclosure({
  label,
  open,
  onOpen,
  children,
}: {
  label: string;
  open?: boolean;
  onOpen?(open: boolean): void;
  children: ReactNode;
}) {
  return (
    <Collapsible.Root className="card flush" open={open} onOpenChange={onOpen}>
      <Collapsible.Trigger className="disclosure-trigger">
        {label}
        <DownIcon size={16} />
      </Collapsible.Trigger>
      <Collapsible.Panel className="disclosure-panel" keepMounted>
        {children}
      </Collapsible.Panel>
    </Collapsible.Root>
  );
}
