/** The wallet's own icons: 20 px, one stroke weight, in the colour of the text. */
import type { ReactNode } from 'react';

type IconProps = { size?: number };
/** `along`: it points along the line of reading, and turns with it. */
function Glyph({ size = 20, along, children }: IconProps & { along?: boolean; children: ReactNode }) {
  return (
    <svg
      className={along ? 'icon along' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const BackIcon = (props: IconProps) => (
  <Glyph along {...props}>
    <path d="M12 4 6 10l6 6" />
  </Glyph>
);
export const NextIcon = (props: IconProps) => (
  <Glyph along {...props}>
    <path d="m8 4 6 6-6 6" />
  </Glyph>
);
export const DownIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="m5 8 5 5 5-5" />
  </Glyph>
);
export const ReceiveIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M10 3v9m-4-4 4 4 4-4M4 16.5h12" />
  </Glyph>
);
export const SendIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M5.5 14.5 15 5m-7.5 0H15v7.5" />
  </Glyph>
);
export const InIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M14.5 5.5 5 15m7.5 0H5V7.5" />
  </Glyph>
);
export const OutIcon = SendIcon;
export const ChannelIcon = (props: IconProps) => (
  <Glyph {...props}>
    <rect x="7" y="3.5" width="10.5" height="5" rx="2.5" />
    <rect x="2.5" y="11.5" width="10.5" height="5" rx="2.5" />
  </Glyph>
);
export const CopyIcon = (props: IconProps) => (
  <Glyph {...props}>
    <rect x="7" y="7" width="10" height="10" rx="2" />
    <path d="M13 4.500V4a1.5 1.5 0 0 0-1.5-1.500H4.500A2 2 0 0 0 2.5 4.500v7A1.5 1.5 0 0 0 4 13h.5" />
  </Glyph>
);
export const CheckIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="m4 10.5 4 4 8-9" />
  </Glyph>
);
export const AlertIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M10 3 2.5 16.500h15L10 3Z" />
    <path d="M10 8v4m0 2.200v.1" />
  </Glyph>
);
export const InfoIcon = (props: IconProps) => (
  <Glyph {...props}>
    <circle cx="10" cy="10" r="7.5" />
    <path d="M10 9v5m0-7.600v.1" />
  </Glyph>
);
export const LockIcon = (props: IconProps) => (
  <Glyph {...props}>
    <rect x="4" y="9" width="12" height="8" rx="2" />
    <path d="M7 9V6.500a3 3 0 0 1 6 0V9" />
  </Glyph>
);
export const HistoryIcon = (props: IconProps) => (
  <Glyph {...props}>
    <circle cx="10" cy="10" r="7.5" />
    <path d="M10 5.500V10l3 2" />
  </Glyph>
);
export const SettingsIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M3 6h7m4 0h3M3 14h3m4 0h7" />
    <circle cx="12" cy="6" r="2" />
    <circle cx="8" cy="14" r="2" />
  </Glyph>
);
export const EyeIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M2 10s3-5.5 8-5.500S18 10 18 10s-3 5.5-8 5.500S2 10 2 10Z" />
    <circle cx="10" cy="10" r="2.3" />
  </Glyph>
);
export const EyeOffIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M3 3l14 14M8 4.800A8 8 0 0 1 10 4.500c5 0 8 5.5 8 5.500a13 13 0 0 1-2.3 2.900M12.5 14.900a7.3 7.3 0 0 1-2.5.6C5 15.5 2 10 2 10a13.4 13.4 0 0 1 3.3-3.7" />
  </Glyph>
);
export const SiteIcon = (props: IconProps) => (
  <Glyph {...props}>
    <circle cx="10" cy="10" r="7.5" />
    <path d="M2.5 10h15M10 2.500c2.4 2.2 3.5 4.7 3.5 7.500s-1.1 5.3-3.5 7.500C7.6 15.3 6.5 12.8 6.5 10S7.6 4.7 10 2.500Z" />
  </Glyph>
);
export const CoinsIcon = (props: IconProps) => (
  <Glyph {...props}>
    <ellipse cx="10" cy="5.5" rx="6" ry="2.5" />
    <path d="M4 5.500v4.500c0 1.4 2.7 2.5 6 2.500s6-1.1 6-2.500V5.500M4 10v4.500C4 15.9 6.7 17 10 17s6-1.1 6-2.500V10" />
  </Glyph>
);
export const NoteIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M3.5 4.500h13v9h-7L6 16.500v-3H3.500v-9Z" />
  </Glyph>
);
export const TabIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M8 4.500H4.500v11h11V12M11 3.500h5.500V9m0-5.500L9.5 10.5" />
  </Glyph>
);

/** The product's mark: two in tandem, one ahead of the other. */
export function Mark({ size = 28 }: IconProps) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b5e6a" />
      <rect x="11" y="7.5" width="15" height="7" rx="3.5" fill="#ffffff" />
      <rect x="6" y="17.5" width="15" height="7" rx="3.5" fill="#f0b650" />
    </svg>
  );
}
export const ContactIcon = (props: IconProps) => (
  <Glyph {...props}>
    <circle cx="10" cy="7" r="3.25" />
    <path d="M3.5 16.5c.7-3 3.2-4.5 6.5-4.5s5.8 1.5 6.5 4.5" />
  </Glyph>
);
export const AddIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M10 4v12M4 10h12" />
  </Glyph>
);
export const ScanIcon = (props: IconProps) => (
  <Glyph {...props}>
    <path d="M3.5 7V3.5H7m6 0h3.5V7m0 6v3.5H13m-6 0H3.5V13M6.5 10h7" />
  </Glyph>
);
