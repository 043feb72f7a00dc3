/** What an own call brings along, as rows of facts. Its own chunk: it has the decoder. */
import { argumentsOf } from '../../fate-text.ts';
import { Arguments } from './value.tsx';

export default function CallArguments({ callData }: { callData: string }) {
  return <Arguments args={argumentsOf(callData)} callData={callData} />;
}
