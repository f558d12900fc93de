-- Stand-in for Liferay's tables where the genuine ones cannot be fetched: only the tables and columns
-- that the sample writes and the cross-check reads, in Liferay's placeholder types (schema.py maps
-- them). Names and types are facts about the product; the genuine file has about a hundred tables more.

create table ClassName_ (
	classNameId LONG not null primary key,
	value VARCHAR(200) null
);

create table Company (
	companyId LONG not null primary key,
	createDate DATE null,
	webId VARCHAR(75) null unique,
	mx VARCHAR(200) null,
	homeURL STRING null,
	logoId LONG,
	maxUsers INTEGER,
	active_ BOOLEAN,
	name VARCHAR(75) null
);

create table Counter (
	name VARCHAR(150) not null primary key,
	currentId LONG
);

create table DLFileEntry (
	ctCollectionId LONG default 0 not null,
	uuid_ VARCHAR(75) null,
	externalReferenceCode VARCHAR(75) null,
	fileEntryId LONG not null,
	groupId LONG,
	companyId LONG,
	userId LONG,
	userName VARCHAR(75) null,
	createDate DATE null,
	modifiedDate DATE null,
	repositoryId LONG,
	folderId LONG,
	treePath STRING null,
	name VARCHAR(255) null,
	fileName VARCHAR(255) null,
	extension VARCHAR(75) null,
	mimeType VARCHAR(75) null,
	title VARCHAR(255) null,
	description STRING null,
	version VARCHAR(75) null,
	size_ LONG,
	primary key (fileEntryId, ctCollectionId),
	unique (groupId, folderId, name, ctCollectionId)
);

create table DLFileVersion (
	ctCollectionId LONG default 0 not null,
	uuid_ VARCHAR(75) null,
	fileVersionId LONG not null,
	groupId LONG,
	companyId LONG,
	userId LONG,
	userName VARCHAR(75) null,
	createDate DATE null,
	modifiedDate DATE null,
	repositoryId LONG,
	folderId LONG,
	fileEntryId LONG,
	treePath STRING null,
	fileName VARCHAR(255) null,
	extension VARCHAR(75) null,
	mimeType VARCHAR(75) null,
	title VARCHAR(255) null,
	description STRING null,
	changeLog VARCHAR(75) null,
	version VARCHAR(75) null,
	size_ LONG,
	checksum VARCHAR(75) null,
	storeUUID VARCHAR(255) null,
	status INTEGER,
	statusDate DATE null,
	primary key (fileVersionId, ctCollectionId),
	unique (fileEntryId, version, ctCollectionId)
);

create table DLFolder (
	ctCollectionId LONG default 0 not null,
	uuid_ VARCHAR(75) null,
	externalReferenceCode VARCHAR(75) null,
	folderId LONG not null,
	groupId LONG,
	companyId LONG,
	userId LONG,
	createDate DATE null,
	modifiedDate DATE null,
	repositoryId LONG,
	mountPoint BOOLEAN,
	parentFolderId LONG,
	treePath STRING null,
	name VARCHAR(255) null,
	hidden_ BOOLEAN,
	status INTEGER,
	primary key (folderId, ctCollectionId)
);

create table Group_ (
	ctCollectionId LONG default 0 not null,
	uuid_ VARCHAR(75) null,
	externalReferenceCode VARCHAR(75) null,
	groupId LONG not null,
	companyId LONG,
	classNameId LONG,
	classPK LONG,
	parentGroupId LONG,
	groupKey VARCHAR(150) null,
	name STRING null,
	type_ INTEGER,
	friendlyURL VARCHAR(255) null,
	site BOOLEAN,
	active_ BOOLEAN,
	primary key (groupId, ctCollectionId)
);

create table Image (
	ctCollectionId LONG default 0 not null,
	imageId LONG not null,
	companyId LONG,
	modifiedDate DATE null,
	type_ VARCHAR(75) null,
	height INTEGER,
	width INTEGER,
	size_ INTEGER,
	primary key (imageId, ctCollectionId)
);

create table Release_ (
	releaseId LONG not null primary key,
	createDate DATE null,
	modifiedDate DATE null,
	servletContextName VARCHAR(75) null unique,
	schemaVersion VARCHAR(75) null,
	buildNumber INTEGER,
	buildDate DATE null,
	verified BOOLEAN,
	state_ INTEGER
);

create table User_ (
	ctCollectionId LONG default 0 not null,
	uuid_ VARCHAR(75) null,
	userId LONG not null,
	companyId LONG,
	createDate DATE null,
	screenName VARCHAR(75) null,
	emailAddress VARCHAR(254) null,
	firstName VARCHAR(75) null,
	lastName VARCHAR(75) null,
	status INTEGER,
	primary key (userId, ctCollectionId)
);

create table VirtualHost (
	ctCollectionId LONG default 0 not null,
	virtualHostId LONG not null,
	companyId LONG,
	layoutSetId LONG,
	hostname VARCHAR(200) null,
	defaultVirtualHost BOOLEAN,
	primary key (virtualHostId, ctCollectionId)
);
