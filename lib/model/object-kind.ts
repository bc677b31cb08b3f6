/**
 * THE table of object kinds. Whatever differs between kinds (paths, stage, order, names, search) is a column here and nowhere else.
 * Cookbook artifacts, policy revisions and policy groups get their rows here when they are built.
 */

/** 1 content → 2 definitions → 3 pointers: the order of upserts; deletes go the other way. */
export type Stage = 1 | 2 | 3;

export type ObjectKind = 'cookbook_version' | 'data_bag' | 'data_bag_item' | 'role' | 'environment';

/** The words of `objects:` and of the globs in the configuration. */
export type ObjectsWord = 'cookbooks' | 'data_bags' | 'roles' | 'environments';

export interface ObjectKindRow {
  readonly kind: ObjectKind;
  /** The word that selects this kind in the configuration, and the first segment of a glob. */
  readonly objectsWord: ObjectsWord;
  /** First segment of the object's path on a Chef server. */
  readonly root: 'cookbooks' | 'data' | 'roles' | 'environments';
  /** Names that follow the root: one (`/roles/NAME`) or two (`/data/BAG/ITEM`, `/cookbooks/NAME/VERSION`). */
  readonly nameCount: 1 | 2;
  readonly stage: Stage;
  /** A container is deleted only when the replica's own list of its members is empty. */
  readonly isContainer: boolean;
  /** False for what shows nothing but its name: its list of names says everything. */
  readonly hasBody: boolean;
  /** It can be frozen: then only a forced write changes it, and it is trusted between full readings. */
  readonly canBeFrozen: boolean;
  /** A refused write leaves it as it was sent, without its files (seen on Chef Infra Server 15.10): what looks equal may not be whole. */
  readonly staysWhenRefused: boolean;
  /** Roles, environments and policies name it: it goes only when their present form was read. */
  readonly isNamedByDefinitions: boolean;
  /** What two parallel writes must not share: Chef Infra Server 15.10 fails the first two writes of one new cookbook name at once. */
  readonly serialisedBy: 'first name' | 'path';
  /** Where names (the last one, for kinds with two) must match, ASCII only, as in the server's own `chef_regex.erl`. */
  readonly namePattern: RegExp;
  /** Exists on every server and can be neither written nor deleted. */
  readonly untouchableName?: string;
  /** Whether search answers whole bodies in bulk; `container` searches the index named like the container. */
  readonly searchIndex?: 'role' | 'environment' | 'container';
}

const NAME = /^[.A-Za-z0-9_:-]+$/;
const COOKBOOK_NAME = /^[.A-Za-z0-9_-]+$/;
const VERSION = /^[0-9]+\.[0-9]+\.[0-9]+$/;

export const OBJECT_KINDS: Readonly<Record<ObjectKind, ObjectKindRow>> = {
  cookbook_version: {
    kind: 'cookbook_version',
    objectsWord: 'cookbooks',
    root: 'cookbooks',
    nameCount: 2,
    stage: 1,
    isContainer: false,
    hasBody: true,
    canBeFrozen: true,
    staysWhenRefused: true,
    isNamedByDefinitions: true,
    serialisedBy: 'first name',
    namePattern: VERSION,
  },
  data_bag: {
    kind: 'data_bag',
    objectsWord: 'data_bags',
    root: 'data',
    nameCount: 1,
    stage: 1,
    isContainer: true,
    hasBody: false,
    canBeFrozen: false,
    staysWhenRefused: false,
    isNamedByDefinitions: false,
    serialisedBy: 'path',
    namePattern: NAME,
  },
  data_bag_item: {
    kind: 'data_bag_item',
    objectsWord: 'data_bags',
    root: 'data',
    nameCount: 2,
    stage: 1,
    isContainer: false,
    hasBody: true,
    canBeFrozen: false,
    staysWhenRefused: false,
    isNamedByDefinitions: false,
    serialisedBy: 'path',
    namePattern: NAME,
    searchIndex: 'container',
  },
  role: {
    kind: 'role',
    objectsWord: 'roles',
    root: 'roles',
    nameCount: 1,
    stage: 2,
    isContainer: false,
    hasBody: true,
    canBeFrozen: false,
    staysWhenRefused: false,
    isNamedByDefinitions: false,
    serialisedBy: 'path',
    namePattern: NAME,
    searchIndex: 'role',
  },
  environment: {
    kind: 'environment',
    objectsWord: 'environments',
    root: 'environments',
    nameCount: 1,
    stage: 2,
    isContainer: false,
    hasBody: true,
    canBeFrozen: false,
    staysWhenRefused: false,
    isNamedByDefinitions: false,
    serialisedBy: 'path',
    namePattern: COOKBOOK_NAME,
    untouchableName: '_default',
    searchIndex: 'environment',
  },
};

/** Every row. */
export const KIND_ROWS: readonly ObjectKindRow[] = Object.values(OBJECT_KINDS);

/** The list of the content that definitions name. */
export const NAMED_CONTENT_LIST = '/cookbooks';

/** The pattern of a container's name: a cookbook's, or a data bag's. */
export const containerPattern = (kind: ObjectKind): RegExp => (kind === 'cookbook_version' ? COOKBOOK_NAME : NAME);
