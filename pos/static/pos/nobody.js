/**
 * Runs where people sign in: nobody is signed in now, so the tills of this browser forget whom they
 * worked for and what they had copied (till/catalogue.js). Tickets and unsent sales stay.
 */

for (const key of Object.keys(globalThis.localStorage ?? {})) {
  if (/^till-.+\.me$/.test(key)) localStorage.removeItem(key);
}

/** The products that a till has had on a ticket; the name may also be that of a business's outbox. */
function clearItems(name) {
  const request = indexedDB.open(name);
  request.onsuccess = () => {
    const database = request.result;
    if (database.objectStoreNames.contains("items")) {
      database.transaction("items", "readwrite").objectStore("items").clear();
    }
    database.close();
  };
}

for (const { name } of (await globalThis.indexedDB?.databases?.()) ?? []) {
  if (name.startsWith("catalogue.")) indexedDB.deleteDatabase(name);
  else if (/^till-.+-items$/.test(name)) clearItems(name);
}
