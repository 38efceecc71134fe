export { formNode } from './formNode';
export type { GroupNode } from './formNode';
export { groupFrom, payloadFrom, placesOf, withExample } from './formValue';
export type { FormGroup } from './formValue';
export { SchemaForm } from './SchemaForm';
