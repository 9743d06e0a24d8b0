import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a set of proto files says, in the form that scripts/wireFacts.py writes. */
export interface ProtoFacts {
  readonly messages: Record<string, Record<string, string>>;
  readonly enums: Record<string, Record<string, number>>;
  readonly rpcs: Record<string, string>;
}

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label?: string;
  readonly type: string;
  readonly typeName?: string;
  readonly oneofIndex?: number;
  readonly proto3Optional?: boolean;
}

interface MessageDescriptor {
  readonly name: string;
  readonly field?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly oneofDecl?: readonly { readonly name: string }[];
}

interface EnumDescriptor {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}

interface ServiceDescriptor {
  readonly name: string;
  readonly method: readonly {
    readonly name: string;
    readonly inputType: string;
    readonly outputType: string;
    readonly clientStreaming?: boolean;
    readonly serverStreaming?: boolean;
  }[];
}

interface FileDescriptor {
  readonly package: string;
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly service?: readonly ServiceDescriptor[];
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PREFIX = 'milvus.proto.';

/** The facts of proto/milvus. */
export function ourFacts(): ProtoFacts {
  const arguments_ = ['build', '--output', '-#format=json'];
  const json = execFileSync('node_modules/.bin/buf', arguments_, { cwd: ROOT, maxBuffer: 1 << 26 });
  const { file } = JSON.parse(json.toString()) as { file: FileDescriptor[] };
  const facts: ProtoFacts = { messages: {}, enums: {}, rpcs: {} };
  for (const one of file.filter((descriptor) => descriptor.package.startsWith(PREFIX))) addFile(one, facts);
  return facts;
}

function addFile(file: FileDescriptor, facts: ProtoFacts): void {
  const scope = file.package.slice(PREFIX.length);
  for (const message of file.messageType ?? []) addMessage(message, scope, facts);
  for (const enumeration of file.enumType ?? []) addEnum(enumeration, scope, facts);
  for (const service of file.service ?? []) {
    for (const rpc of service.method) {
      const request = (rpc.clientStreaming ? 'stream ' : '') + short(rpc.inputType);
      const reply = (rpc.serverStreaming ? 'stream ' : '') + short(rpc.outputType);
      facts.rpcs[`${scope}.${service.name}/${rpc.name}`] = `${request} -> ${reply}`;
    }
  }
}

function addMessage(message: MessageDescriptor, scope: string, facts: ProtoFacts): void {
  const name = `${scope}.${message.name}`;
  const oneofs = message.oneofDecl ?? [];
  facts.messages[name] = Object.fromEntries(
    (message.field ?? []).map((field) => [field.name, fieldFact(field, oneofs)]),
  );
  for (const nested of message.nestedType ?? []) addMessage(nested, name, facts);
  for (const enumeration of message.enumType ?? []) addEnum(enumeration, name, facts);
}

function addEnum(enumeration: EnumDescriptor, scope: string, facts: ProtoFacts): void {
  facts.enums[`${scope}.${enumeration.name}`] = Object.fromEntries(
    enumeration.value.map((value) => [value.name, value.number ?? 0]),
  );
}

function fieldFact(field: FieldDescriptor, oneofs: readonly { readonly name: string }[]): string {
  const type =
    field.typeName === undefined ? field.type.slice('TYPE_'.length).toLowerCase() : short(field.typeName);
  return `${field.number} ${labelOf(field, oneofs)}${type}`;
}

function labelOf(field: FieldDescriptor, oneofs: readonly { readonly name: string }[]): string {
  if (field.proto3Optional) return 'optional ';
  if (field.oneofIndex !== undefined) return `oneof:${oneofs[field.oneofIndex]!.name} `;
  return field.label === 'LABEL_REPEATED' ? 'repeated ' : '';
}

function short(typeName: string): string {
  return typeName.slice(1).startsWith(PREFIX) ? typeName.slice(1 + PREFIX.length) : typeName.slice(1);
}
