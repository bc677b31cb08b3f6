import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';

const database = await loadAwsServiceSpec();

const findResource = (type: string) => database.lookup('resource', 'cloudFormationType', 'equals', type)[0];

type Properties = NonNullable<ReturnType<typeof findResource>>['properties'];
type PropertyType = Properties[string]['type'];

/** A template as JSON, as far as it is checked. */
export interface CheckedTemplate {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What CloudFormation computes itself: it can be anything. */
const isIntrinsic = (value: unknown): boolean =>
  isMap(value) &&
  Object.keys(value).length === 1 &&
  Object.keys(value).every((key) => key === 'Ref' || key.startsWith('Fn::'));

const isNumeric = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)));

/**
 * What a template says against the resource schemas that CloudFormation publishes: unknown types and properties, missing
 * ones, values of another type. One line each. CloudFormation itself converts between text and numbers, so this does too.
 */
export function schemaProblems(template: CheckedTemplate): readonly string[] {
  const problems: string[] = [];

  const checkValue = (type: PropertyType, value: unknown, place: string): void => {
    if (value === undefined || isIntrinsic(value)) return;
    const refuse = (expected: string) => problems.push(`${place} is no ${expected}`);
    switch (type.type) {
      case 'string':
        if (!['string', 'number', 'boolean'].includes(typeof value)) refuse('text');
        break;
      case 'integer':
      case 'number':
        if (!isNumeric(value)) refuse('number');
        break;
      case 'boolean':
        if (value !== 'true' && value !== 'false' && typeof value !== 'boolean') refuse('boolean');
        break;
      case 'array':
        if (!Array.isArray(value)) refuse('list');
        else for (const [index, element] of value.entries()) checkValue(type.element, element, `${place}[${index}]`);
        break;
      case 'map':
        if (!isMap(value)) refuse('map');
        else for (const [key, element] of Object.entries(value)) checkValue(type.element, element, `${place}.${key}`);
        break;
      case 'ref':
        checkProperties(database.get('typeDefinition', type.reference.$ref).properties, value, place);
        break;
    }
  };

  const checkProperties = (known: Properties, values: unknown, place: string): void => {
    if (!isMap(values)) {
      problems.push(`${place} is no map`);
      return;
    }
    for (const [name, value] of Object.entries(values)) {
      const property = known[name];
      if (property === undefined) problems.push(`${place}.${name} is unknown`);
      else checkValue(property.type, value, `${place}.${name}`);
    }
    for (const [name, property] of Object.entries(known)) {
      if (property.required === true && values[name] === undefined) problems.push(`${place}.${name} is missing`);
    }
  };

  for (const [id, { Type, Properties: values = {} }] of Object.entries(template.Resources)) {
    const resource = findResource(Type);
    if (resource === undefined) problems.push(`${id} has the unknown type ${Type}`);
    else checkProperties(resource.properties, values, id);
  }
  return problems;
}
