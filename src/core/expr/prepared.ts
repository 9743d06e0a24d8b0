/** What a test is prepared to once (encoded literals, hash tables), for as long as its plan lives. */
const cache = new WeakMap<object, unknown>();

/** `make()` of the first call with `test`, which is an object of one plan and asks for one kind of preparation only. */
export function prepared<Test extends object, Form>(test: Test, make: (test: Test) => Form): Form {
  let form = cache.get(test) as Form | undefined;
  if (form === undefined) {
    form = make(test);
    cache.set(test, form);
  }
  return form;
}
