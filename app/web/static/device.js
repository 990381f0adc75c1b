// What the browser keeps on this device for the account that is signed in: typed drafts, and the
// forms that they were typed into. Both are deleted when the person signs out.

const NAME = "tiendo";
const STORES = ["drafts", "forms"];
const ACCOUNT = "tiendo-account";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => STORES.forEach((store) => request.result.createObjectStore(store));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function run(store, mode, operate) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const request = operate(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

const key = (account, address) => `${account} ${address}`;

export const read = (store, account, address) =>
  run(store, "readonly", (rows) => rows.get(key(account, address)));
export const write = (store, account, address, value) =>
  run(store, "readwrite", (rows) => rows.put(value, key(account, address)));
export const remove = (store, account, address) =>
  run(store, "readwrite", (rows) => rows.delete(key(account, address)));

// The account that used this device last, for the page that is shown without a network.
export const lastAccount = () => localStorage.getItem(ACCOUNT);
export const rememberAccount = (account) => localStorage.setItem(ACCOUNT, account);

export function forgetAll() {
  localStorage.removeItem(ACCOUNT);
  indexedDB.deleteDatabase(NAME);
}
