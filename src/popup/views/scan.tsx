/** An invite from a QR code: before the camera, in a picture file, or in a picture that is pasted. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { createQrReader, type ReadQr } from '../qr-reader.ts';
import { t } from '../texts/index.ts';
import { Button } from '../ui/button.tsx';
import { Notice, Problem } from '../ui/feedback.tsx';

/** Between two looks at what the camera sees: ms. */
const pause = 150;

function cameraSentence(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return t.scan.denied;
  if (name === 'NotReadableError' || name === 'AbortError') return t.scan.busy;
  return t.scan.noCamera;
}

const reader = createQrReader();
const read: ReadQr = async (picture) => (await reader)(picture);

/** @param onLink hears of the first invite that is read */
export default function Scan({ onLink, onClose }: { onLink(link: string): void; onClose(): void }) {
  const video = useRef<HTMLVideoElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [camera, setCamera] = useState<'starting' | 'on' | { problem: string }>('starting');
  const [problem, setProblem] = useState<string | null>(null);

  const take = useCallback(
    (text: string | null, nothing: string | null): boolean => {
      if (text?.trim().startsWith('tandem:')) {
        onLink(text.trim());
        return true;
      }
      setProblem(text === null ? nothing : t.scan.noInvite);
      return false;
    },
    [onLink],
  );

  const takePicture = useCallback(
    async (picture: Blob) => {
      setProblem(null);
      try {
        take(await read(await createImageBitmap(picture)), t.scan.noCode);
      } catch {
        setProblem(t.scan.noPicture);
      }
    },
    [take],
  );

  useEffect(() => {
    let gone = false;
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      gone = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    async function look(): Promise<void> {
      const screen = video.current;
      if (gone || !screen) return;
      const text = screen.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await read(screen) : null;
      if (gone) return;
      if (text !== null && take(text, null)) return stop();
      timer = setTimeout(() => void look(), pause);
    }
    async function start(): Promise<void> {
      try {
        if (!navigator.mediaDevices) throw new Error('no camera');
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
        if (gone || !video.current) return stop();
        video.current.srcObject = stream;
        await video.current.play();
        setCamera('on');
        void look();
      } catch (error) {
        if (!gone) setCamera({ problem: cameraSentence(error) });
      }
    }
    void start();
    return stop;
  }, [take]);

  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const picture = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!picture) return;
      event.preventDefault();
      void takePicture(picture);
    };
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  }, [takePicture]);

  return (
    <section className="card stack tight" aria-label={t.scan.title}>
      {typeof camera === 'object' ? (
        <Notice tone="warn" role="status">
          {camera.problem}
        </Notice>
      ) : (
        <>
          <video className="camera" ref={video} muted playsInline aria-label={t.scan.camera} />
          <p className="help" role="status">
            {camera === 'on' ? t.scan.hold : t.scan.starting}
          </p>
        </>
      )}
      <p className="help">{t.scan.other}</p>
      <input
        ref={file}
        type="file"
        accept="image/*"
        hidden
        onChange={({ target }) => {
          const [picture] = target.files ?? [];
          target.value = '';
          if (picture) void takePicture(picture);
        }}
      />
      <div className="button-pair">
        <Button look="secondary" small onClick={() => file.current?.click()}>
          {t.scan.file}
        </Button>
        <Button look="quiet" small onClick={onClose}>
          {t.common.cancel}
        </Button>
      </div>
      <Problem>{problem}</Problem>
    </section>
  );
}
