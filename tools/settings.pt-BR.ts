/** What each setting is for, in Portuguese. One that is missing here does not compile. */
import type { SettingName } from '../src/server/settings/table.ts';

export const descriptions: Record<SettingName, string> = {
  PORT: 'porta em que atende',
  HOST: 'endereço em que atende; `0.0.0.0` é todos',
  DATABASE_URL: 'um PostgreSQL (15 ou mais novo) seu; sem isso, o papo roda o dele',
  PAPO_DATA_DIR: 'onde o PostgreSQL do próprio papo guarda os dados',
  PAPO_SECRET: 'assina os tokens, com pelo menos 32 bytes; sem isso, um segredo é criado e guardado no banco',
  PAPO_TOKEN_TTL: 'por quantos segundos um token vale',
  PAPO_ORIGINS: 'origens de outras páginas que podem se conectar, separadas por vírgulas',
  PAPO_DEFAULT_ROOMS:
    'salas públicas que existem desde o início e em que usuários novos já entram, separadas por vírgulas; vazio para nenhuma',
  PAPO_ADMIN: 'usuário que se torna administrador no início',
  PAPO_ADMIN_PASSWORD: 'cria a conta de `PAPO_ADMIN` com esta senha, se ela não existir',
  PAPO_RATE_LIMITS:
    '`off` retira todos os limites de frequência e de número de conexões, para testes de carga',
  PAPO_TRUSTED_PROXIES:
    'endereços e faixas dos seus proxies, separados por vírgulas: acredita-se no `X-Forwarded-For` e no `X-Forwarded-Host` deles',
  PAPO_METRICS_ADDR: 'onde o Prometheus lê `/metrics`; `off` para nenhum lugar. Ali não se pede token',
  PAPO_LOG_LEVEL: 'de `fatal` a `trace`, ou `silent`',
};
