/** One place in the sources that keeps a promise, what the sources would be without it, and who notices. */
export interface Protection {
  readonly name: string;
  /** What goes wrong without it. */
  readonly reason: string;
  /** From the top of the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  /** What takes its place when the protection is removed. */
  readonly without: string;
  /** The test that must fail then. */
  readonly caughtBy: DirectedTest;
  /** Other tests of a case that must fail then, too. */
  readonly alsoCaughtBy?: readonly DirectedTest[];
}

/** Every test that must fail when the protection is removed. */
export const testsOf = ({ caughtBy, alsoCaughtBy = [] }: Protection): readonly DirectedTest[] => [
  caughtBy,
  ...alsoCaughtBy,
];

/** One test, by its file from the top of the project and its title, or the end of it behind the number of a case. */
export interface DirectedTest {
  readonly file: string;
  readonly title: string;
}

const CASES = 'test/simulation/directed-cases.test.ts';
const EVIDENCE = 'test/mutation/directed/delete-evidence.test.ts';
const ABSENCE = 'test/mutation/directed/absence.test.ts';
const ORDER = 'test/mutation/directed/order-of-writes.test.ts';
const GUARD = 'test/mutation/directed/guard.test.ts';
const MEANWHILE = 'test/mutation/directed/meanwhile.test.ts';
const ENTRY = 'test/unit/model/ledger-entry.test.ts';
const COMPARISON = 'test/unit/sync/compare-primary-list.test.ts';
const GATE = 'test/unit/plan/gate-phases.test.ts';
const MESSAGES = 'test/unit/plan/message-ids.test.ts';
const LANES = 'test/unit/config/lanes.test.ts';
const STACK = 'test/cdk/stack.test.ts';
const CLIENT_FAULTS = 'test/contract/chef-org.faults.test.ts';

/** What stands between a pair and a lost change, or a delete by mistake. */
export const PROTECTIONS: readonly Protection[] = [
  {
    name: 'overlap of the feed',
    reason: 'A transaction that took its feed id early and was committed late would never be read.',
    file: 'lib/plan/feed-cursor.ts',
    text: 'const base = feed.marks[0] === undefined ? cursor : BigInt(feed.marks[0].id);',
    without: 'const base = cursor;',
    caughtBy: {
      file: 'test/unit/sync/follow-feed.test.ts',
      title: 'a change that is committed late during a bootstrap of many cut polls is still read from the feed',
    },
    alsoCaughtBy: [{ file: CASES, title: 'copies an object whose feed id became visible after a larger one was read' }],
  },
  {
    name: 'reset of the feed',
    reason:
      'A restored primary counts its feed from the beginning, and everything below the old cursor would be missed.',
    file: 'lib/sync/follow-feed.ts',
    text: 'if (isFeedReset(feed.cursor, answer.events)) return await resetFeed(ctx, lease);',
    without: '',
    caughtBy: { file: ORDER, title: 'a feed that began anew is read from its beginning, in a new epoch' },
  },
  {
    name: 'ledger before cursor',
    reason: 'A poll that dies between the two would have passed changes that nobody wrote down.',
    file: 'lib/sync/follow-feed.ts',
    text: "const taken = await takeChanges(ctx, fresh, 'feed', epoch);",
    without:
      "await lease.write((s) => ({ ...s, feed: { ...s.feed, cursor: end } })); const taken = await takeChanges(ctx, fresh, 'feed', epoch);",
    caughtBy: { file: ORDER, title: 'a poll that dies while it writes down what the feed told loses none of it' },
  },
  {
    name: 'queue before mark',
    reason: 'A message that was marked as sent and never reached the queue would wait for twice the visibility time.',
    file: 'lib/sync/dispatch-run.ts',
    text: 'const { failed } = await ctx.queue.send(messages);',
    without:
      'for (const chosen of entries) await ctx.ledger.update(chosen.path, (entry) => markSent(entry, chosen, { now: ctx.clock.now(), dueAgainAt: ctx.clock.now() + 720_000 })); const { failed } = await ctx.queue.send(messages);',
    caughtBy: {
      file: ORDER,
      title: 'a message is sent by the next poll when the poll that chose it dies on its way to the queue',
    },
    alsoCaughtBy: [{ file: CASES, title: 'events that are read twice are not copied twice' }],
  },
  {
    name: 'refused messages stay due',
    reason: 'SQS takes a part of a batch; what it refused would count as being with a copier.',
    file: 'lib/sync/dispatch-run.ts',
    text: "if (refused.has(messages[index]?.deduplicationId ?? '')) continue;",
    without: '',
    caughtBy: { file: ORDER, title: 'a message that the queue did not take stays due, and is sent with the same id' },
    alsoCaughtBy: [{ file: CASES, title: 'sends again what the queue reported as failed' }],
  },
  {
    name: 'sends in the deduplication id',
    reason: 'SQS swallows the second message of a version within five minutes, although it is a new attempt.',
    file: 'lib/plan/message-ids.ts',
    text: 'hash(pair, entry.path, epoch, n, entry.sends + 1)',
    without: 'hash(pair, entry.path, epoch, n)',
    caughtBy: { file: MESSAGES, title: 'the next send of the same version is a new message' },
    alsoCaughtBy: [
      { file: CASES, title: 'a retry within the five minutes in which the queue knows an id is delivered' },
      { file: CASES, title: 'one object that the replica refuses stops neither its stage nor the next ones' },
    ],
  },
  {
    name: 'entry versions',
    reason: 'A copier that read an older state of the object would settle the newer one.',
    file: 'lib/model/version.ts',
    text: 'a.epoch === b.epoch && a.n === b.n',
    without: 'a.epoch === b.epoch',
    caughtBy: { file: ENTRY, title: 'a stale version can neither settle, begin, retry, park nor release' },
  },
  {
    name: 'epoch',
    reason: 'Feed ids of another epoch are no measure: what a restored primary tells would count as known.',
    file: 'lib/model/ledger-entry.ts',
    text: 'const isSameEpoch = entry !== undefined && entry.version.epoch === version.epoch;',
    without: 'const isSameEpoch = entry !== undefined;',
    caughtBy: { file: ENTRY, title: 'a feed that began anew counts from the beginning' },
  },
  {
    name: 'absences of another epoch',
    reason: 'An absence that a replaced or restored primary showed would confirm one of the present.',
    file: 'lib/model/pair-state.ts',
    text: 'firstOfEpoch: side.number + 1,',
    without: 'firstOfEpoch: side.firstOfEpoch,',
    caughtBy: {
      file: 'test/unit/model/pair-state.test.ts',
      title: 'numbers of inventories go on, so that an absence of the old epoch can never confirm one of the new',
    },
  },
  {
    name: 'trustFrom',
    reason: 'What was settled on a replica that is gone would count as copied to the one in its place.',
    file: 'lib/plan/primary-evidence.ts',
    text: "(entry.version.epoch < trustFrom && entry.state !== 'pending') ||",
    without: '',
    caughtBy: {
      file: CASES,
      title: 'copies everything again into a replica that was replaced, and deletes nothing there',
    },
  },
  {
    name: 'ownership',
    reason: 'An object that people made on the replica would be deleted with the primary’s of the same name.',
    file: 'lib/sync/apply-deletes.ts',
    text: 'const isOwned = entry.owned === destination;',
    without: 'const isOwned = true;',
    caughtBy: {
      file: EVIDENCE,
      title: 'keeps an object that people made on the replica when the primary deletes its own of that name',
    },
  },
  {
    name: 'absence in two inventories',
    reason: 'A list that lacks an object once, as lists of busy servers do, would make it a delete.',
    file: 'lib/sync/note-absences.ts',
    text: 'return isConfirmedAbsent(current, pass)',
    without: "return unsyncedBucket(current) !== 'held'",
    caughtBy: {
      file: ABSENCE,
      title: 'an object that one inventory missed is no delete; one that two in a row missed is',
    },
  },
  {
    name: 'absence in two polls',
    reason: 'Two passes of one poll lie seconds apart and share the primary’s bad moment.',
    file: 'lib/plan/primary-evidence.ts',
    text: 'entry.absent < Math.min(pass.number, pass.firstOfPoll) &&',
    without: 'entry.absent < pass.number &&',
    caughtBy: { file: ABSENCE, title: 'two passes of one poll, seconds apart, do not confirm each other' },
  },
  {
    name: 'lists that stand alone',
    reason: 'A list that cannot be read would be taken for an empty one.',
    file: 'lib/sync/read-list.ts',
    text: 'of await orgOf(ctx, side).names(list)) {',
    without: 'of await orgOf(ctx, side).names(list).catch(() => [])) {',
    caughtBy: {
      file: ABSENCE,
      title:
        'a list that the primary does not answer is told as unread, deletes nothing, and keeps no other list waiting',
    },
  },
  {
    name: 'guard of the deletes',
    reason: 'A mass delete, by mistake or by an emptied primary, would reach the replica within minutes.',
    file: 'lib/sync/guard-held-deletes.ts',
    text: 'if (verdict.isReleased) {',
    without: 'if (verdict !== undefined) {',
    caughtBy: { file: CASES, title: 'holds a mass delete until an operator approves it' },
    alsoCaughtBy: [
      {
        file: CASES,
        title: 'holds every delete when the primary was replaced by another organization of the same name',
      },
    ],
  },
  {
    name: '24-hour count of the guard',
    reason: 'An organization that is emptied object by object would pass the guard every time.',
    file: 'lib/sync/guard-held-deletes.ts',
    text: 'releasedLastDay: releasedLastDay(state.released, kind, now),',
    without: 'releasedLastDay: 0,',
    caughtBy: { file: GUARD, title: 'deletes that come one by one count together for 24 hours' },
  },
  {
    name: 'held state',
    reason: 'Deletes would be due before the guard saw how many they are.',
    file: 'lib/model/ledger-entry.ts',
    text: "state: seen.action === 'delete' ? 'held' : 'pending',",
    without: "state: 'pending',",
    caughtBy: { file: CASES, title: 'holds a mass delete until an operator approves it' },
  },
  {
    name: 'a replaced primary holds every delete',
    reason: 'What another organization of the same name lacks was never deleted.',
    file: 'lib/sync/follow-identities.ts',
    text: 'holdsEveryDelete: isPrimaryNew',
    without: 'holdsEveryDelete: false',
    caughtBy: {
      file: GUARD,
      title: 'a primary that was replaced by another organization of its name deletes nothing by itself',
    },
  },
  {
    name: 'fencing',
    reason: 'A poll that was frozen while another took over would put the cursor back or forth.',
    file: 'lib/sync/poll-lease.ts',
    text: 'state !== undefined && state.leaseToken === token && state.leaseUntil !== undefined',
    without: 'state !== undefined && state.leaseUntil !== undefined',
    caughtBy: { file: ORDER, title: 'a poll whose lease another one took moves no cursor any more' },
  },
  {
    name: 'gate of the phases',
    reason: 'A role would be on the replica before the cookbook that it names.',
    file: 'lib/plan/gate-phases.ts',
    text: '(phase) => !isDeletePhase(phase) && ofRun(phase).some((entry) => !isFailing(entry, backlog)),',
    without: '() => false,',
    caughtBy: {
      file: GATE,
      title: 'the role waits while the cookbook is still being copied, or waits for its next attempt',
    },
  },
  {
    name: 'deletes wait for failing definitions',
    reason: 'A role whose newer form fails still names, in its old form on the replica, what would be deleted.',
    file: 'lib/plan/gate-phases.ts',
    text: 'if (failing !== undefined)',
    without: 'if (failing !== undefined && failing.attempts < 0)',
    caughtBy: {
      file: GATE,
      title: 'wait while an upsert of a later stage fails: its old form may still name what they remove',
    },
  },
  {
    name: 'cookbooks wait for leaving definitions',
    reason: 'A role whose delete came later, and is held, would name on the replica what is not there any more.',
    file: 'lib/plan/gate-phases.ts',
    text: 'if (leavingDefinition === undefined) return { entries: ofRun(phase) };',
    without: 'if (leavingDefinition !== null) return { entries: ofRun(phase) };',
    caughtBy: {
      file: CASES,
      title: 'keeps a cookbook version whose delete was let go before that of a role that names it was held',
    },
  },
  {
    name: 'uploads and deletes apart',
    reason: 'A server that collects the checksums of a deleted version takes those of an upload under way along.',
    file: 'lib/plan/gate-phases.ts',
    text: 'const isUpsertOut = (outCount > 0 && !isDeleteOut) || backlog.held.some((entry) => isOut(entry, backlog));',
    without: 'const isUpsertOut = false;',
    caughtBy: { file: GATE, title: 'do not begin while an upsert is out, of the run or newer' },
    alsoCaughtBy: [
      {
        file: CASES,
        title: 'no cookbook version is deleted while another one is uploaded, though it was told of later',
      },
    ],
  },
  {
    name: 'serial deletes',
    reason: 'Two deletes of versions that share files, side by side, leave files behind or take too many.',
    file: 'lib/plan/message-ids.ts',
    text: "if (isDeletePhase(phase)) return 'deletes';",
    without: '',
    caughtBy: { file: MESSAGES, title: 'deletes of a pair go one after the other, those of other pairs meanwhile' },
  },
  {
    name: 'attempts at begin',
    reason: 'An object that kills its copier would be tried for ever, because nobody lives to count.',
    file: 'lib/model/ledger-entry.ts',
    text: 'return mine && { ...mine, attempts: mine.attempts + 1 };',
    without: 'return mine && { ...mine };',
    caughtBy: {
      file: ENTRY,
      title: 'counts the attempt before it is made, so that a copier that dies is counted',
    },
    alsoCaughtBy: [
      { file: CASES, title: 'an object whose copier never ends is parked, and every other one is copied' },
    ],
  },
  {
    name: 'attempts given back',
    reason: 'An hour in which a server is down would park every object of the pair for a day.',
    file: 'lib/model/ledger-entry.ts',
    text: 'setback.isAttemptGivenBack === true ? Math.max(0, entry.attempts - 1) : entry.attempts',
    without: 'entry.attempts',
    caughtBy: {
      file: ENTRY,
      title: 'a failure of the server does not count, and there are never fewer than no attempts',
    },
    alsoCaughtBy: [
      { file: CASES, title: 'no object collects attempts while the replica goes away in the middle of every write' },
    ],
  },
  {
    name: 'calm rule for 404',
    reason: 'An overloaded Chef server answers 404 for objects that exist.',
    file: 'lib/sync/apply-deletes.ts',
    text: 'const isCalm = ctx.primary.lastTroubleAt() < startedAt - CALM_BEFORE_MS;',
    without: 'const isCalm = true;',
    caughtBy: {
      file: EVIDENCE,
      title: 'keeps an object that the primary called missing while it was failing for others',
    },
  },
  {
    name: 'calm rule for 404 of the replica',
    reason: 'A delete that an overloaded replica calls done already would leave the object there for good.',
    file: 'lib/sync/apply-deletes.ts',
    text: "if (found === 'missing' && ctx.replica.lastTroubleAt() >= startedAt - CALM_BEFORE_MS) {",
    without: "if (found === 'missing' && startedAt < 0) {",
    caughtBy: { file: EVIDENCE, title: 'goes on with a delete after a failing replica said that it was done already' },
  },
  {
    name: 'pause of the evidence',
    reason: 'False 404s come in bursts: two readings at once are one.',
    file: 'lib/sync/apply-deletes.ts',
    text: 'if (missing.length > 0) await ctx.clock.sleep(EVIDENCE_PAUSE_MS);',
    without: '',
    caughtBy: {
      file: EVIDENCE,
      title: 'keeps an object that an overloaded primary called missing for a second and a half',
    },
  },
  {
    name: 'second reading of the evidence',
    reason: 'One 404 would be enough to delete.',
    file: 'lib/sync/apply-deletes.ts',
    text: 'const seen = second.get(begun) ?? finding;',
    without: 'const seen = finding;',
    caughtBy: {
      file: EVIDENCE,
      title: 'keeps an object that an overloaded primary called missing for a second and a half',
    },
  },
  {
    name: '404 in Chef’s own shape',
    reason: 'The error page of a proxy would be taken for the absence of an object.',
    file: 'lib/sync/apply-deletes.ts',
    text: "if (found.isChefShaped) return 'missing';",
    without: "return 'missing';",
    caughtBy: { file: EVIDENCE, title: 'keeps an object when a proxy answers in the place of the primary' },
  },
  {
    name: 'identity before deletes',
    reason: 'What another organization of the same name lacks says nothing about ours.',
    file: 'lib/sync/apply-deletes.ts',
    text: "if (!isCalm || identity === 'other') {",
    without: 'if (!isCalm) {',
    caughtBy: { file: EVIDENCE, title: 'keeps an object that another primary of the same name lacks' },
  },
  {
    name: 'last look before the delete',
    reason: 'An object that was made again while its evidence was gathered would be deleted all the same.',
    file: 'lib/sync/apply-deletes.ts',
    text: "if (current === undefined || current.state !== 'pending' || !isSameVersion(current.version, entry.version))",
    without: 'if (current === undefined)',
    caughtBy: { file: EVIDENCE, title: 'keeps an object that was made again while its delete was being looked into' },
  },
  {
    name: 'data bags that are not empty',
    reason: 'A Chef server deletes a data bag with everything in it, also what people put there.',
    file: 'lib/sync/apply-deletes.ts',
    text: 'if (OBJECT_KINDS[ref.kind].isContainer && (await ctx.replica.names(ref.path)).length > 0) {',
    without: 'if (startedAt < 0) {',
    caughtBy: {
      file: CASES,
      title: 'deletes a data bag with its items, and keeps one that holds an item of somebody else',
    },
  },
  {
    name: 'definitions read before a cookbook is deleted',
    reason: 'A role that no longer names the cookbook may not be read yet, and its old form on the replica still does.',
    file: 'lib/sync/guard-held-deletes.ts',
    text: 'return !isUnread && (primary.contents?.number ?? 0) > entry.absent;',
    without: 'return true;',
    caughtBy: {
      file: GUARD,
      title: 'a cookbook that was missed stays until the roles that name it were read after that',
    },
  },
  {
    name: 'definitions wait for content of their own pass',
    reason:
      'A poll that is cut between the roles and the cookbooks would copy a role before the cookbook that it names is known.',
    file: 'lib/sync/compare-primary-list.ts',
    text: 'waitsForContent: mayNameContent(ctx, ref) ? now : undefined,',
    without: '',
    caughtBy: { file: ORDER, title: 'a poll that is cut between the roles and the cookbooks sends no role' },
  },
  {
    name: 'definitions wait for content in a run of their own',
    reason:
      'A role in a run that began before its cookbook was listed would be copied beside the cookbook, not after it.',
    file: 'lib/plan/gate-phases.ts',
    text: ' && !isAheadOf(backlog.run, entry)',
    without: '',
    caughtBy: { file: GATE, title: 'a definition waits for a run that began after the content it may name was listed' },
  },
  {
    name: 'deletes that events told of wait for definitions',
    reason: 'The event of the role that no longer names the cookbook may be lost while that of the delete comes.',
    file: 'lib/sync/follow-hints.ts',
    text: 'absent: isAwaited ? inventory.primary.number : undefined',
    without: '',
    caughtBy: {
      file: MEANWHILE,
      title: 'a cookbook version whose delete an event told of stays until the roles that name it were read after that',
    },
  },
  {
    name: 'content that is awaited is listed at once',
    reason:
      'A role that names a cookbook which is nowhere would wait as long as the inventory of a large organization rests.',
    file: 'lib/plan/pace-inventory.ts',
    text: 'areNamesAwaited || ',
    without: '',
    caughtBy: {
      file: 'test/unit/plan/pace-inventory.test.ts',
      title: 'names that something waits for are read at once, and once in a poll',
    },
    alsoCaughtBy: [
      {
        file: 'test/cli/steer.test.ts',
        title: 'an object that was told of is copied though the inventory would not look at it yet',
      },
    ],
  },
  {
    name: 'newer definitions wait for content',
    reason:
      'A role that changed after the inventory saw it, or after the feed or an event told of it, may name a cookbook that no list showed yet.',
    file: 'lib/sync/copy-objects.ts',
    text: 'if (await mustAwaitContent(ctx, begun, source)) return await awaitContent(ctx, begun, source);',
    without: '',
    caughtBy: {
      file: MEANWHILE,
      title:
        'copies a role that names a new cookbook after that cookbook, although the cookbook came after what the inventory told',
    },
    alsoCaughtBy: [
      {
        file: MEANWHILE,
        title:
          'copies a role that names a new cookbook after that cookbook, although the cookbook came after what the feed told',
      },
      {
        file: MEANWHILE,
        title:
          'copies a role that names a new cookbook after that cookbook, although the cookbook came after what an event told',
      },
    ],
  },
  {
    name: 'claimed before it is written',
    reason: 'What a copier wrote before it died would be nobody’s, and stay when the primary deletes it.',
    file: 'lib/sync/apply-upsert.ts',
    text: 'if (isToBeClaimed && !hasClaimed(entry, fingerprint)) {',
    without: 'if (readAt < 0) {',
    caughtBy: {
      file: CASES,
      title: 'deletes what a copier wrote and died before it could say so, once the primary no longer has it',
    },
  },
  {
    name: 'half-written versions',
    reason: 'A refused manifest leaves the version there without its files; the next copier would find it equal.',
    file: 'lib/sync/apply-upsert.ts',
    text: 'if (fingerprintOf(ctx, ref, found.text) === fingerprint && !mayBeHalf) return;',
    without: 'if (fingerprintOf(ctx, ref, found.text) === fingerprint) return;',
    caughtBy: {
      file: CASES,
      title:
        'brings the files of a new cookbook version that a refused upload left half there, although it looks equal',
    },
  },
  {
    name: 'half-written versions in the inventory',
    reason: 'A refused manifest leaves the version there without its files; the inventory would find it equal.',
    file: 'lib/plan/replica-evidence.ts',
    text: ' && !mayBeHalfWritten(entry);',
    without: ';',
    caughtBy: {
      file: 'test/unit/sync/compare-replica-list.test.ts',
      title: 'a cookbook version that looks equal is not settled while a copy of it may have been refused halfway',
    },
  },
  {
    name: 'vanished files are no progress',
    reason: 'A server that loses what it committed would be sent the same files for ever, without a pause.',
    file: 'lib/sync/copy-objects.ts',
    text: ' && error.failure.isMissingChecksum !== true;',
    without: ';',
    caughtBy: {
      file: CASES,
      title: 'parks a cookbook version whose files vanish again and again, instead of uploading them for ever',
    },
  },
  {
    name: 'digests voided by a copy',
    reason: 'An object that goes from A to B and back to A would stay at B: its list looks unchanged.',
    file: 'lib/sync/apply-upsert.ts',
    text: 'else if (entry.seen !== fingerprint) await voidList(ctx, listOf(ref), state.epoch);',
    without: '',
    caughtBy: {
      file: MEANWHILE,
      title: 'copies back what only a copier found changed, between two inventories that found it as it was',
    },
  },
  {
    name: 'digests voided before an inventory observes',
    reason: 'A poll that dies after an observation would leave a digest that the primary may go back to.',
    file: 'lib/sync/compare-primary-list.ts',
    text: 'const generation = isDigestOutdated ? await voidList(ctx, list, pass.epoch) : found?.generation;',
    without: 'const generation = found?.generation;',
    caughtBy: {
      file: COMPARISON,
      title: 'a poll that dies after it observed a change does not hide that the primary went back',
    },
  },
  {
    name: 'missing objects count for the guard',
    reason: 'A list in which something is always missing would pass for a small one, of which all may be deleted.',
    file: 'lib/sync/compare-primary-list.ts',
    text: 'const count = members.refs.size + found.missingCount + found.leavingCount;',
    without: 'const count = members.refs.size + found.leavingCount;',
    caughtBy: { file: COMPARISON, title: 'objects that came while another one is missing count for the guard' },
  },
  {
    name: 'search rows older than an event',
    reason: 'A search that lags would settle an object as it was before the event, and status would say "in sync".',
    file: 'lib/plan/primary-evidence.ts',
    text: '(isReadByCopier && seen === undefined)',
    without: 'isReadByCopier',
    caughtBy: {
      file: COMPARISON,
      title: 'an object that an event told of is not settled by search rows that are older than the event',
    },
  },
  {
    name: 'mark of a sent message',
    reason: 'A copier that failed faster than the mark would have its retry put off for twelve minutes.',
    file: 'lib/model/ledger-entry.ts',
    text: 'if (mine.nextAttemptAt !== chosen.nextAttemptAt) return sent;',
    without: '',
    caughtBy: {
      file: ENTRY,
      title: 'a copier that failed faster than the mark keeps its own time, and the send is counted',
    },
  },
  {
    name: 'late copies',
    reason: 'An old copy that ends after a newer one would leave the replica in the past, and the ledger in sync.',
    file: 'lib/model/ledger-entry.ts',
    text: "if (entry.state === 'synced') return afterLateWrite(entry, written, done.now);",
    without: "if (entry.state === 'synced') return written;",
    caughtBy: {
      file: ENTRY,
      title: 'an old copy that ended after a newer one was settled is put right: the object is copied again',
    },
  },
  {
    name: 'late writes after a delete',
    reason: 'A request that was on its way when its copier died brings a deleted object back.',
    file: 'lib/plan/replica-evidence.ts',
    text: "if (!isListed || !isFreshTombstone(entry, now)) return 'equal';",
    without: "return 'equal';",
    caughtBy: {
      file: MEANWHILE,
      title: 'takes back a write that reaches the replica after the object was deleted there',
    },
  },
  {
    name: 'ETag of uploaded files',
    reason: 'A file store may answer 204 and keep other bytes than it was sent.',
    file: 'lib/chef/upload-files.ts',
    text: 'if (status === 204 && etag?.replace(/^W\\/(?=")|"/g, \'\') !== contentMd5) {',
    without: 'if (status === 0) {',
    caughtBy: {
      file: CLIENT_FAULTS,
      title: 'a file store that never confirms its bytes is an error, and the version is not written',
    },
  },
  {
    name: 'hint ids',
    reason: 'An event that comes while an earlier one of the object is worked on would be removed with it.',
    file: 'lib/local/sqlite-ledger.ts',
    text: "file.write('DELETE FROM hint WHERE pair = ? AND path = ? AND id = ?', pairName, path, id),",
    without: "file.write('DELETE FROM hint WHERE pair = ? AND path = ?', pairName, path),",
    caughtBy: {
      file: MEANWHILE,
      title: 'an event of an object that comes while an earlier one is worked on is looked at by the next poll',
    },
  },
  {
    name: 'lost messages are due again',
    reason: 'A message that the queue took and lost would never be sent a second time.',
    file: 'lib/model/ledger-entry.ts',
    text: 'sentAt: times.now, nextAttemptAt: times.dueAgainAt }',
    without: 'sentAt: times.now, nextAttemptAt: Number.MAX_SAFE_INTEGER }',
    caughtBy: { file: CASES, title: 'sends again what the queue took and lost' },
    alsoCaughtBy: [
      {
        file: CASES,
        title: 'a cookbook arrives although its copier and its message died between its files and the commit of them',
      },
    ],
  },
  {
    name: 'contents in the inventory',
    reason: 'What the feed never told of, or told of before the primary showed it, would never be found.',
    file: 'lib/plan/primary-evidence.ts',
    text: '(seen !== undefined && seen.fingerprint !== entry.seen);',
    without: 'false;',
    caughtBy: { file: CASES, title: 'finds by its inventories what the feed never told of' },
    alsoCaughtBy: [
      { file: CASES, title: 'a primary that shows an older state than its feed told of is found out' },
      {
        file: CASES,
        title: 'copies what went from A to B and back to A between two polls, whichever of them a copier saw',
      },
      { file: CASES, title: 'goes on when the primary was restored and gives its feed ids again' },
    ],
  },
  {
    name: 'contents of the replica in the inventory',
    reason: 'A write that lands after that of its successor would stay, and the ledger say in sync.',
    file: 'lib/plan/replica-evidence.ts',
    text: 'const isDifferent = !isListed || (seen !== undefined && seen.fingerprint !== want);',
    without: 'const isDifferent = !isListed;',
    caughtBy: { file: CASES, title: 'a write that lands after its successor is put right' },
  },
  {
    name: 'lease that ends',
    reason: 'A poll that died would keep its pair from being polled for ever.',
    file: 'lib/sync/poll-lease.ts',
    text: 'return state.leaseUntil !== undefined && state.leaseUntil > now ?',
    without: 'return state.leaseUntil !== undefined ?',
    caughtBy: { file: CASES, title: 'a pair whose poll died is polled again when its lease is over' },
    alsoCaughtBy: [
      { file: CASES, title: 'two polls of one pair at once, after a lapsed lease, end with both sides equal' },
    ],
  },
  {
    name: 'what another poll found',
    reason: 'A poll that sends only what it found itself would leave what a dead one wrote into the ledger.',
    file: 'lib/sync/dispatch-run.ts',
    text: 'found.push(entry);',
    without: 'if (entry.sends > 0 || (entry.pendingSince ?? 0) > ctx.clock.now() - 30_000) found.push(entry);',
    caughtBy: { file: CASES, title: 'sends what a poll wrote into the ledger and died before it could send it' },
  },
  {
    name: 'settled objects are skipped',
    reason: 'A message that comes again would copy what was settled, as often as it comes.',
    file: 'lib/model/ledger-entry.ts',
    text: "entry !== undefined && entry.state === 'pending' && isSameVersion(entry.version, version) ? entry : undefined;",
    without: 'entry !== undefined && isSameVersion(entry.version, version) ? entry : undefined;',
    caughtBy: { file: CASES, title: 'a message that comes again after its copy is skipped' },
  },
  {
    name: '404 of an upsert',
    reason: 'An object that the primary calls missing once, though it was told of as changed, would be deleted.',
    file: 'lib/sync/apply-upsert.ts',
    text: "if ('missing' in object) throw notOnPrimary(ref);",
    without: "if ('missing' in object) { await ctx.replica.remove(ref); throw notOnPrimary(ref); }",
    caughtBy: { file: CASES, title: 'deletes nothing when the primary says 404 about an object that was changed' },
  },
  {
    name: 'reading before a delete',
    reason: 'What an empty list lacks would be deleted, although the primary still shows it.',
    file: 'lib/sync/apply-deletes.ts',
    text: "if (!('missing' in found)) return 'found';",
    without: "if (!('missing' in found)) return 'missing';",
    caughtBy: { file: CASES, title: 'deletes nothing while the lists of the primary lie empty' },
  },
  {
    name: 'epoch of a changed filter',
    reason: 'A pair would go on from its cursor, and never look for what a changed filter adds.',
    file: 'lib/sync/poll-pair.ts',
    text: 'if (lease.state().filterHash === ctx.rules.filterHash) return;',
    without: 'if (ctx.rules.filterHash) return;',
    caughtBy: {
      file: CASES,
      title: 'a changed filter brings in what it adds, and deletes nothing of what it takes away',
    },
  },
  {
    name: 'end of the feed before the lists',
    reason: 'What is written after its list was read, and before the end of the feed is, would be missed.',
    file: 'lib/sync/poll-pair.ts',
    text: "return { report: { outcome: isComplete && isDrained ? 'complete' : 'cut' }, feed, isComplete, waits };",
    without:
      "const fresh = { ...lease, state: () => ({ ...lease.state(), feed: { ...feed.feed, cursor: undefined } }) }; return { report: { outcome: isComplete && isDrained ? 'complete' : 'cut' }, feed: isFirstReading ? await followFeed(ctx, fresh) : feed, isComplete, waits };",
    caughtBy: { file: CASES, title: 'copies what is written during a bootstrap' },
  },
  {
    name: 'progress is what was committed',
    reason: 'A cookbook whose sandboxes can never be committed would be uploaded for ever, without a pause.',
    file: 'lib/chef/upload-files.ts',
    text: `  await commitSandbox(org, id);
  if (urls.size > 0) upload.onCommitted();`,
    without: `  if (urls.size > 0) upload.onCommitted();
  await commitSandbox(org, id);`,
    caughtBy: {
      file: CLIENT_FAULTS,
      title: 'files that were uploaded and never committed are no progress, and the next copier brings them again',
    },
  },
  {
    name: 'rest before the lane changes',
    reason: 'The copier of the old lane and that of the new one would work on one object at once.',
    file: 'lib/sync/follow-lane.ts',
    text: 'now - known.quietSince >= visibilitySeconds * 1000',
    without: 'now >= known.quietSince',
    caughtBy: {
      file: 'test/unit/sync/follow-lane.test.ts',
      title: 'a pair that was given another lane sends nothing until no copy was out for one visibility time-out',
    },
  },
  {
    name: 'rest begins anew',
    reason: 'A copy that went out meanwhile would be under way when the pair changes its lane.',
    file: 'lib/sync/follow-lane.ts',
    text: 'const quietSince = copies === 0 ? (known.quietSince ?? now) : undefined;',
    without: 'const quietSince = known.quietSince ?? now;',
    caughtBy: {
      file: 'test/unit/sync/follow-lane.test.ts',
      title: 'a copy that is out again begins the wait anew',
    },
  },
  {
    name: 'copies of a lane that was left',
    reason: 'What the old lane still delivers would be copied beside what the new one delivers.',
    file: 'lib/sync/copy-objects.ts',
    text: "if (lane !== undefined && state.lane !== undefined && state.lane.name !== lane) return 'superseded';",
    without: '',
    caughtBy: {
      file: 'test/unit/sync/follow-lane.test.ts',
      title: 'a copier leaves alone what a lane delivers that the pair has left',
    },
  },
  {
    name: 'breaker',
    reason: 'Every message of a pair whose server is gone would keep a copier waiting, and other pairs their objects.',
    file: 'lib/sync/copy-objects.ts',
    text: 'if (state.isStopped || pausedUntil > now) {',
    without: 'if (state.isStopped) {',
    caughtBy: {
      file: 'test/simulation/two-pairs.test.ts',
      title:
        'a pair is copied as quickly as alone while the replica of another one with the same copiers hangs for good',
    },
  },
  {
    name: 'a message outlasts its copy',
    reason: 'A message that is visible again while its copier lives has two copiers write one object.',
    file: 'cdk/constructs/fifo-queue.ts',
    text: 'const VISIBILITY = Duration.minutes(6);',
    without: 'const VISIBILITY = Duration.minutes(4);',
    caughtBy: {
      file: STACK,
      title: 'is a FIFO queue whose messages outlast a copy and end in a FIFO queue of dead letters',
    },
  },
  {
    name: 'hashed ids',
    reason:
      'Names may have 255 characters and a queue takes ids of 128: the objects with the longest would never be sent.',
    file: 'lib/plan/message-ids.ts',
    text: "createHash('sha256').update(JSON.stringify(parts)).digest('hex');",
    without: "createHash === undefined ? '' : parts.join('');",
    caughtBy: {
      file: MESSAGES,
      title: 'the longest names still give ids that a queue takes: 128 letters and digits',
    },
  },
  {
    name: 'lanes of their own',
    reason: 'The bootstrap of one pair would delay every other pair that has its messages in the same queue.',
    file: 'lib/config/lanes.ts',
    text: '    if (hasOwnLanes) {',
    without: '    if (hasOwnLanes && ofReplica.length < 2) {',
    caughtBy: {
      file: LANES,
      title: 'pairs share the lanes of their replica only when there are too many for one each',
    },
  },
  {
    name: 'share of the copiers',
    reason: 'Copiers, polls and jobs together would send a server more than it bears, and it would answer falsely.',
    file: 'lib/config/lanes.ts',
    text: 'const forCopiers = requestsInFlight - slots * requestsPerPoll - requestsPerJob;',
    without: 'const forCopiers = requestsInFlight;',
    caughtBy: {
      file: LANES,
      title: '%i replicas of %i pairs never overload a server, and every pair has one lane',
    },
  },
  {
    name: 'rest between inventories',
    reason: 'A large organization would be read all the time, and a poll cost what its size is.',
    file: 'lib/plan/pace-inventory.ts',
    text: 'isOver(reading.endedAt, reading.tookMs / share, now);',
    without: 'isOver(reading.endedAt, share, now);',
    caughtBy: {
      file: 'test/unit/plan/pace-inventory.test.ts',
      title: 'a pass that took t begins again 20 t after its end, no sooner',
    },
  },
  {
    name: 'renewed download URLs',
    reason: 'Servers sign them for 15 minutes: a cookbook that takes longer would fail at every attempt.',
    file: 'lib/chef/cookbook-files.ts',
    text: 'if (download.status === 403 && renewal === undefined) renewal = renew();',
    without: '',
    caughtBy: { file: CLIENT_FAULTS, title: 'expired download URLs are renewed by reading the manifest once more' },
  },
  {
    name: 'a key per pair',
    reason: 'Equal secrets of two organizations would look equal in the table.',
    file: 'lib/plan/fingerprint.ts',
    text: 'secret: KeyObject | Uint8Array, pairName: string',
    without: "secret: KeyObject | Uint8Array, _: string, pairName = ''",
    caughtBy: {
      file: 'test/unit/plan/fingerprint.test.ts',
      title: 'is the same for the same pair and another for every other pair or secret',
    },
  },
  {
    name: 'rows that expire',
    reason: 'Objects that were deleted long ago, and hints and jobs that are over, would fill the table for ever.',
    file: 'cdk/constructs/sync-table.ts',
    text: "timeToLiveAttribute: 'expiresAt',",
    without: '',
    caughtBy: {
      file: STACK,
      title: 'is paid by request, survives mistakes, forgets what expired, and has the local index of what is unsynced',
    },
  },
];
