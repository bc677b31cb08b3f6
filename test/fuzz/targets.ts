import type { FuzzTarget } from './fuzz-target.ts';
import { configurations } from './targets/configurations.ts';
import { errorAnswers } from './targets/error-answers.ts';
import { exactDecimals } from './targets/exact-decimals.ts';
import { feedDocuments } from './targets/feed-documents.ts';
import { httpAnswers } from './targets/http-answers.ts';
import { largeDocuments } from './targets/large-documents.ts';
import { nameLists, searchAnswers } from './targets/lists-and-searches.ts';
import { damagedManifests, manifests } from './targets/manifests.ts';
import { definitionTexts, itemTexts } from './targets/object-json.ts';
import { objectPaths } from './targets/object-paths.ts';
import { queueMessages } from './targets/queue-messages.ts';

/** Every kind of input, and what ends their servers. */
export function fuzzTargets(): { readonly targets: readonly FuzzTarget[]; close(): Promise<void> } {
  const http = httpAnswers();
  const targets = [
    ...[
      exactDecimals,
      itemTexts,
      definitionTexts,
      manifests,
      damagedManifests,
      feedDocuments,
      searchAnswers,
      nameLists,
    ],
    ...[errorAnswers, objectPaths, configurations, queueMessages, largeDocuments, ...http.targets],
  ];
  return { targets, close: http.close };
}
